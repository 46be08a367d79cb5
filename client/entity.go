package client

import "time"

// Person is an openBIS user as other entities refer to one.
type Person struct {
	UserID    string
	FirstName string
	LastName  string
	Email     string
}

// Space is the top level of the openBIS hierarchy. A Space has no identifier
// of its own: its permId is its code.
type Space struct {
	PermID      string
	Code        string
	Description string
	Registrator *Person
	Registered  time.Time
	Modified    time.Time
	// Projects are the Space's Projects, when they were fetched.
	Projects []*Project
}

// Project is the level below a Space.
type Project struct {
	PermID      string
	Identifier  string // "/SPACE/PROJECT"
	Code        string
	Description string
	Space       string // code
	Registrator *Person
	Modifier    *Person
	Leader      *Person
	Registered  time.Time
	Modified    time.Time
}

// Collection groups Objects in a Project. The API calls it Experiment.
type Collection struct {
	PermID      string
	Identifier  string // "/SPACE/PROJECT/COLLECTION"
	Code        string
	Type        string            // code of the collection type
	Properties  map[string]string // as on the wire; [Schema] has the data types
	Tags        []string
	Registrator *Person
	Modifier    *Person
	Registered  time.Time
	Modified    time.Time
}

// Object is a thing in the lab. The API calls it Sample.
type Object struct {
	PermID      string
	Identifier  string // "/SPACE[/PROJECT]/OBJECT", never with the Collection; a contained Object ends in "CONTAINER:CODE"
	Code        string
	Type        string
	Space       string // code; "" for a shared Object
	Project     string // code; "" when the Object has no Project
	Collection  string // code; "" when the Object has no Collection
	Properties  map[string]string
	Tags        []string
	Parents     []ObjectRef
	Children    []ObjectRef
	Registrator *Person
	Modifier    *Person
	Registered  time.Time
	Modified    time.Time
	// DataSets are the Object's own Datasets, when they were fetched
	// (DataSetsFetched tells "none" from "not asked").
	DataSets        []*DataSet
	DataSetsFetched bool
}

// ObjectRef says which Object and where it lives.
type ObjectRef struct {
	PermID     string
	Identifier string
	Code       string
	Type       string
	Space      string // code; "" for a shared Object
	Project    string // code; "" when none
	Collection string // code; "" when none
}

// DataSetKind tells what stands behind a Dataset.
type DataSetKind string

// The kinds of Datasets.
const (
	Physical  DataSetKind = "PHYSICAL"  // files in a data store
	Container DataSetKind = "CONTAINER" // the union of its components
	Linked    DataSetKind = "LINK"      // files in an external system
)

// ArchivingStatus says whether the files of a Dataset are in the data store.
type ArchivingStatus string

// The archiving states of a physical Dataset.
const (
	Available        ArchivingStatus = "AVAILABLE"
	Locked           ArchivingStatus = "LOCKED"
	Archived         ArchivingStatus = "ARCHIVED"
	UnarchivePending ArchivingStatus = "UNARCHIVE_PENDING"
	ArchivePending   ArchivingStatus = "ARCHIVE_PENDING"
	BackupPending    ArchivingStatus = "BACKUP_PENDING"
)

// Readable tells whether the content of a Dataset in this state can be read.
// The zero status (no physical data fetched) counts as readable.
func (s ArchivingStatus) Readable() bool {
	return s != Archived && s != UnarchivePending
}

// DataSet is a set of files that was registered once and never changes.
type DataSet struct {
	PermID      string // also its code
	Kind        DataSetKind
	Type        string
	Properties  map[string]string
	Tags        []string
	DataStore   string // code of the data store that has the files; "" for containers without one
	Physical    *PhysicalData
	Linked      *LinkedData
	Parents     []DataSetRef
	Children    []DataSetRef
	Components  []DataSetRef // in their order, of a container
	Containers  []string     // permIds
	Object      *ObjectRef   // the owning Object, if any
	Collection  string       // identifier of the owning Collection, if any
	Registrator *Person
	Modifier    *Person
	Registered  time.Time
	Modified    time.Time
}

// DataSetRef says which Dataset and where it lives.
type DataSetRef struct {
	PermID     string
	Type       string
	Object     *ObjectRef // the owning Object, or nil
	Collection string     // identifier of the owning Collection, or ""
}

// PhysicalData describes a Dataset's files in the data store.
type PhysicalData struct {
	Status           ArchivingStatus
	Size             int64 // bytes; -1 when the server does not know
	Location         string
	ShareID          string
	Complete         string // YES, NO or UNKNOWN
	PresentInArchive bool
}

// LinkedData describes a Dataset whose files are in an external system.
type LinkedData struct {
	ExternalCode string
	ExternalDMS  string // code of the external system
	Copies       []ContentCopy
}

// ContentCopy is one place where the files of a linked Dataset are.
type ContentCopy struct {
	ExternalDMS     string
	ExternalCode    string
	Path            string
	GitCommitHash   string
	GitRepositoryID string
}

// File is one node of a Dataset's file tree.
type File struct {
	DataSet   string // permId
	Path      string // from the Dataset's root, "/"-separated, no leading slash
	Directory bool
	Size      int64  // bytes; 0 for a directory
	CRC32     uint32 // IEEE, of the whole file; valid only when HasCRC32
	HasCRC32  bool   // false while the server has not computed it
}

// Schema is what gives property values their types and labels.
type Schema struct {
	Properties   map[string]PropertyType // by code, upper case
	Vocabularies map[string]Vocabulary   // by code, upper case
}

// PropertyType says what the values of a property are.
type PropertyType struct {
	Code       string
	Label      string
	DataType   string // INTEGER, REAL, BOOLEAN, VARCHAR, TIMESTAMP, CONTROLLEDVOCABULARY, …
	Vocabulary string // code, for CONTROLLEDVOCABULARY
}

// Vocabulary is a controlled list of terms.
type Vocabulary struct {
	Code        string
	Description string
	Terms       map[string]VocabularyTerm // by code
}

// VocabularyTerm is one allowed value of a vocabulary property.
type VocabularyTerm struct {
	Code        string
	Label       string
	Description string
	Ordinal     int64
}

// DataStore is a data store server (DSS).
type DataStore struct {
	Code        string
	DownloadURL string // normalised: ends in "/datastore_server", never empty
}

// Instance describes a server and the session that talks to it.
type Instance struct {
	URL        string            // of the application server, without credentials
	APIVersion string            // "3.6"
	Server     map[string]string // getServerInformation, without null values
	User       *Person
	DataStores []DataStore
}
