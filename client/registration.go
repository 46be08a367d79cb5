package client

import (
	"errors"
	"io"
	"time"
)

// How a registration fails, besides the sentinels of every call. An error of [Client.RegisterDataSet] that is none of
// these and neither [ErrForbidden] nor [ErrNotFound] says that nothing was registered and that a later attempt may succeed.
var (
	// ErrRefused means that the server said no for good: a property that is missing or wrong, an unknown type, an owner
	// that does not exist, a missing right. The same attempt will fail again.
	ErrRefused = errors.New("registration refused")
	// ErrOutcomeUnknown means that the request was sent and its answer was lost: the server may have registered, may be
	// registering still, or may never have seen the request. Only [Client.FindRegistration] can tell.
	ErrOutcomeUnknown = errors.New("outcome of the registration is unknown")
)

// Route is a way in which a data store takes new Datasets.
type Route string

// The routes, in the order of preference.
const (
	DatasetUploader Route = "dataset-uploader-api"  // ingestion service; the client chooses the permId
	UploadedDataSet Route = "createUploadedDataSet" // built into every data store; at most once for each upload
	JupyterUploader Route = "jupyter-uploader-api"  // ingestion service that came with early pyBIS
)

// RegistrationOptions say where to register, when the choice is not to be made from what the server offers.
type RegistrationOptions struct {
	Dropbox   string // service key, or "createUploadedDataSet"; "" means the best that the data store offers
	DataStore string // code; "" means the only or the first one that takes Datasets
}

// Plan is the idempotency key of one registration. It is made before anything is sent, kept by the caller until the
// outcome is known (it survives a restart as JSON), and is what an attempt whose answer was lost is found by. A Plan is
// good for any number of uploads and for attempts that failed with certainty; its zero value is no plan.
type Plan struct {
	Route     Route     `json:"route"`
	Service   string    `json:"service,omitempty"`   // key of the ingestion service, "" for [UploadedDataSet]
	DataStore string    `json:"dataStore,omitempty"` // code
	UploadID  string    `json:"uploadID"`            // names the upload in the session workspace; never used twice
	PermID    string    `json:"permID,omitempty"`    // chosen in advance, "" when the server chooses
	Since     time.Time `json:"since"`               // the server's clock before the first attempt
	After     string    `json:"after,omitempty"`     // a permId drawn then and never used: the server's later ones have higher numbers
}

// NewDataSet describes a Dataset that is to be registered.
type NewDataSet struct {
	// Object and Collection are permIds of the owner; Object wins. The identifiers name the same owner, for routes that
	// understand nothing else.
	Object, Collection                     string
	ObjectIdentifier, CollectionIdentifier string

	Type       string            // code of the Dataset type
	Properties map[string]string // by property code, as on the wire
	Parents    []string          // permIds of parent Datasets

	Name      string // of the only file, or of the only top-level folder
	Directory bool   // Name is a folder and Files are below it
	Files     []NewFile
	Folders   []string // empty folders, relative to Name, "/"-separated
}

// NewFile is one file of a NewDataSet.
type NewFile struct {
	Path  string // relative to the folder [NewDataSet.Name], "/"-separated; "" when that is the file itself
	Size  int64  // bytes
	CRC32 uint32 // IEEE, of the whole content
	// Content opens the bytes; it may be called several times, also at the same time. The caller closes what it returns.
	Content func() (FileContent, error)
}

// FileContent is the open content of a [NewFile].
type FileContent interface {
	io.ReaderAt
	io.Closer
}
