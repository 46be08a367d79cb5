package openbistest

import (
	"io"
	"time"
)

// EntityKind is the server's name for a kind of entity type.
type EntityKind string

// The kinds of entity types.
const (
	ExperimentKind EntityKind = "EXPERIMENT"
	SampleKind     EntityKind = "SAMPLE"
	DataSetKind    EntityKind = "DATA_SET"
)

// Person is a user who can log in.
type Person struct {
	UserID, FirstName, LastName, Email string
	Password                           string
	// Spaces are the codes of the Spaces that the user may see; nil means all.
	Spaces []string
	// NoRoles makes the login fail as for a user without any role.
	NoRoles bool
	// ReadOnly gives the user the role of an observer in its Spaces: it sees everything there and registers nothing.
	ReadOnly   bool
	Registered time.Time
}

// MayWrite tells whether p may register what belongs to the Space of that code; nobody may for what is shared ("").
func (p *Person) MayWrite(space string) bool { return !p.ReadOnly && space != "" && p.MaySee(space) }

// MaySee tells whether p may see what lives in the Space of that code ("" = shared).
func (p *Person) MaySee(space string) bool {
	if p.Spaces == nil || space == "" {
		return true
	}
	for _, s := range p.Spaces {
		if s == space {
			return true
		}
	}
	return false
}

// Space is a Space; its permId is its code.
type Space struct {
	ID          int64
	Code        string
	Description string
	Registrator *Person
	Registered  time.Time
}

// Project is a Project.
type Project struct {
	ID                            int64
	PermID, Code, Description     string
	Space                         *Space
	Registrator, Modifier, Leader *Person
	Registered, Modified          time.Time
}

// Identifier returns "/SPACE/PROJECT".
func (p *Project) Identifier() string { return "/" + p.Space.Code + "/" + p.Code }

// DataType is the server's name for a property's data type.
type DataType string

// Vocabulary is a controlled vocabulary.
type Vocabulary struct {
	Code, Description string
	Managed           bool // managedInternally
	Terms             []*VocabularyTerm
	Registrator       *Person
	Registered        time.Time
}

// VocabularyTerm is a term of a vocabulary.
type VocabularyTerm struct {
	Code, Label, Description string
	Ordinal                  int64
}

// PropertyType is a property type; its code is global.
type PropertyType struct {
	Code, Label, Description string
	DataType                 DataType
	Vocabulary               *Vocabulary
	Managed                  bool
	Registrator              *Person
	Registered               time.Time
}

// PropertyAssignment ties a property type to an entity type.
type PropertyAssignment struct {
	PropertyType *PropertyType
	Section      string
	Mandatory    bool
}

// EntityType is a type of experiments, samples or data sets.
type EntityType struct {
	Kind              EntityKind
	Code, Description string
	Prefix            string // generatedCodePrefix, of sample types
	Assignments       []*PropertyAssignment
	Modified          time.Time
}

// Tag is a metaproject.
type Tag struct {
	Code, Description string
	Owner             *Person
	Registered        time.Time
}

// Experiment is a Collection.
type Experiment struct {
	ID                    int64
	PermID, Code          string
	Type                  *EntityType
	Project               *Project
	Properties            map[string]string
	Tags                  []*Tag
	Registrator, Modifier *Person
	Registered, Modified  time.Time
}

// Identifier returns "/SPACE/PROJECT/EXPERIMENT".
func (e *Experiment) Identifier() string { return e.Project.Identifier() + "/" + e.Code }

// Sample is an Object. A sample in an experiment always has the experiment's project and space.
type Sample struct {
	ID                    int64
	PermID, Code          string
	Type                  *EntityType
	Space                 *Space      // nil: shared
	Project               *Project    // nil: space level or shared
	Experiment            *Experiment // nil: none
	Container             *Sample
	Components            []*Sample
	Parents, Children     []*Sample
	DataSets              []*DataSet
	Properties            map[string]string
	Tags                  []*Tag
	Registrator, Modifier *Person
	Registered, Modified  time.Time
}

// Identifier returns "/[SPACE/[PROJECT/]][CONTAINER:]CODE"; the experiment is never part of it.
func (s *Sample) Identifier() string {
	id := "/"
	if s.Project != nil {
		id = s.Project.Identifier() + "/"
	} else if s.Space != nil {
		id = "/" + s.Space.Code + "/"
	}
	if s.Container != nil {
		id += s.Container.Code + ":"
	}
	return id + s.Code
}

// SpaceCode returns the code of the sample's Space, "" for a shared sample.
func (s *Sample) SpaceCode() string {
	if s.Space == nil {
		return ""
	}
	return s.Space.Code
}

// DataStore is a data store server. A Server's first store is served by its main listener, each other one by a
// listener of its own: every store knows its own data sets only.
type DataStore struct {
	Code string
	// DownloadURL is what the store registered: scheme://host[:port] without "/datastore_server",
	// possibly with a trailing slash, possibly with the suffix, possibly empty. "" means: the URL of
	// the store's listener, unless EmptyURL is set; what begins with a slash is appended to that URL.
	DownloadURL string
	EmptyURL    bool
	// NoPathInfo makes the store behave as one without a path-info database: no CRCs, errors as empty pages.
	NoPathInfo bool
	// Routes overrides [Options.Routes] for this store; nil does not.
	Routes     []string
	Registered time.Time
}

// DataSet is a data set. Its code is its permId.
type DataSet struct {
	ID                    int64
	PermID                string
	Kind                  string // PHYSICAL, CONTAINER, LINK
	Type                  *EntityType
	Experiment            *Experiment // the sample's when there is one
	Sample                *Sample
	Store                 *DataStore
	Properties            map[string]string
	Tags                  []*Tag
	Parents, Children     []*DataSet
	Components            []*DataSet // ordered
	Containers            []*DataSet
	Physical              *PhysicalData
	Linked                *LinkedData
	Registrator, Modifier *Person
	Registered, Modified  time.Time
	// Root is the file tree; nil when the server knows no files.
	Root *Node

	fed time.Time // when the path-info database gets to know the files; before, they are listed from disk, without checksums
}

// SpaceCode returns the code of the Space that the data set lives in.
func (d *DataSet) SpaceCode() string {
	if d.Sample != nil {
		return d.Sample.SpaceCode()
	}
	if d.Experiment != nil {
		return d.Experiment.Project.Space.Code
	}
	return ""
}

// PhysicalData is the physicalData of a data set.
type PhysicalData struct {
	Status             string // AVAILABLE, ARCHIVED, …
	ShareID            string
	Location           string
	Size               *int64 // nil: unknown
	Complete           string
	SpeedHint          int
	PresentInArchive   bool
	StorageConfirmed   bool
	ArchivingRequested bool
}

// LinkedData is the linkedData of a data set of kind LINK.
type LinkedData struct {
	ExternalCode string
	ExternalDMS  *ExternalDMS
	Copies       []*ContentCopy
}

// ExternalDMS is an external data management system.
type ExternalDMS struct {
	Code, Label, Address, AddressType, URLTemplate string
	OpenBIS                                        bool
}

// ContentCopy is one copy of a linked data set's content.
type ContentCopy struct {
	ID                             string
	DMS                            *ExternalDMS
	ExternalCode, Path             string
	GitCommitHash, GitRepositoryID string
}

// Node is a file or folder of a data set.
type Node struct {
	Name     string  // "" for the root
	Children []*Node // of a folder, in the order in which the server returns them
	Content  Content // nil for a folder
	// HDF5Archive marks a folder that is really a ".h5ar" container: listed as a folder, its members have
	// no path on disk, and file-transfer sends the raw container, which is Content's bytes.
	HDF5Archive bool
	// NoCRC makes listings leave the checksum out, as before the path-info task has run.
	NoCRC bool
	// Gone says that listings know the file but that it is not in the store any more.
	Gone bool
}

// IsFolder tells whether listings show n as a directory.
func (n *Node) IsFolder() bool { return n.Content == nil || n.HDF5Archive }

// Content is the content of a file: random access, any size, immutable.
type Content interface {
	io.ReaderAt
	Size() int64
	// CRC32 is the IEEE CRC32 of the whole content. It must be cheap: precomputed or memoised.
	CRC32() uint32
}
