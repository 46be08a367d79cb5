package staging

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/openbisfs/openbisfs/client"
)

const (
	recordVersion = 1
	// A record with a predecessor is of version 2, so that programs that know version 1 only leave it alone.
	predecessorVersion = 2

	maxRecord = 4 << 20 // bytes; properties may be long texts
	maxName   = 255     // bytes, as on Linux
)

// OwnerKind says what kind of entity gets the Dataset.
type OwnerKind string

// The kinds of owners.
const (
	Object     OwnerKind = "object"
	Collection OwnerKind = "collection"
)

// Owner is the Object or Collection that a Dataset is to belong to.
type Owner struct {
	Kind       OwnerKind `json:"kind"`
	PermID     string    `json:"permID"`
	Identifier string    `json:"identifier,omitempty"`
}

// Meta is what the user says about a Dataset before it is registered.
type Meta struct {
	Type       string            `json:"type,omitempty"`       // code; "" means [Options.DataSetType]
	Properties map[string]string `json:"properties,omitempty"` // by property code
	Parents    []string          `json:"parents,omitempty"`    // permIds
}

// clone returns a copy that shares nothing.
func (m Meta) clone() Meta {
	return Meta{Type: m.Type, Properties: maps.Clone(m.Properties), Parents: slices.Clone(m.Parents)}
}

// record is the journal of a draft. It is replaced, never changed in place, also in memory.
type record struct {
	Version   int    `json:"version"`
	ID        string `json:"id"`
	Server    string `json:"server"`
	State     State  `json:"state"`
	Reason    string `json:"reason,omitempty"` // of failed and held
	Owner     Owner  `json:"owner"`
	Name      string `json:"name"`
	Directory bool   `json:"directory,omitempty"`
	Meta      Meta   `json:"meta"`
	// Predecessor is the ID of the draft whose Dataset is to be the parent, until it is planned without or has the permId
	// among the parents.
	Predecessor string    `json:"predecessor,omitempty"`
	Created     time.Time `json:"created"`
	Changed     time.Time `json:"changed"` // when this record was made

	Content  *contents    `json:"content,omitempty"` // from sealed on
	Plan     *client.Plan `json:"plan,omitempty"`    // from planned on
	Attempts int          `json:"attempts,omitempty"`
	Failures int          `json:"failures,omitempty"` // answers that were neither final nor the network's fault
	// UnknownSince is when an attempt was found to have no known outcome. Once set it stays until the server is known
	// to have the Dataset.
	UnknownSince *time.Time `json:"unknownSince,omitempty"`
	PermID       string     `json:"permID,omitempty"`       // from registered on
	RegisteredAt *time.Time `json:"registeredAt,omitempty"` // from registered on
}

// contents sums up the sealed content and vouches for the list of files.
type contents struct {
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
	CRC32 uint32 `json:"crc32"` // IEEE, of files.jsonl
}

var idPattern = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}\.[0-9]{3}-[a-z2-7]{10}$`)

// encodeRecord returns the JSON text of r.
func encodeRecord(r *record) ([]byte, error) {
	text := *r
	text.Version = recordVersion
	if r.Predecessor != "" {
		text.Version = predecessorVersion
	}
	if err := text.check(); err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(&text, "", "  ")
	if err != nil {
		return nil, err
	}
	if len(b) >= maxRecord {
		return nil, fmt.Errorf("record of %d bytes is too long", len(b))
	}
	return append(b, '\n'), nil
}

// decodeRecord reads a record and trusts nothing in it: an unknown field, a version of later, a text that goes on after
// the record and facts that contradict each other are [ErrDamaged].
func decodeRecord(b []byte) (*record, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	r := new(record)
	err := d.Decode(r)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("text after the record")
		}
	}
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return r, nil
}

// check tells what contradicts itself in a record.
func (r *record) check() error {
	switch {
	case r.Version != recordVersion && r.Version != predecessorVersion:
		return fmt.Errorf("version %d is not known here", r.Version)
	case !idPattern.MatchString(r.ID):
		return fmt.Errorf("id %q", r.ID)
	case r.Predecessor != "" && (r.Version != predecessorVersion || !idPattern.MatchString(r.Predecessor) || r.Predecessor == r.ID):
		return fmt.Errorf("predecessor %q", r.Predecessor)
	case !r.State.recorded():
		return fmt.Errorf("state %q", r.State)
	case r.Owner.Kind != Object && r.Owner.Kind != Collection:
		return fmt.Errorf("owner of kind %q", r.Owner.Kind)
	case r.Owner.PermID == "":
		return errors.New("owner without permId")
	case r.Attempts < 0 || r.Failures < 0:
		return errors.New("negative count")
	case r.Content != nil && (r.Content.Files < 0 || r.Content.Bytes < 0):
		return errors.New("negative size")
	}
	if err := checkName(r.Name); err != nil {
		return fmt.Errorf("name %q: %w", r.Name, err)
	}
	stage := slices.Index([]State{Sealed, Planned, Uploading, Uploaded, Registering, Registered, Verified}, r.State)
	switch {
	case stage >= 0 && r.Content == nil:
		return errors.New("no content although " + string(r.State))
	case stage >= 1 && r.Predecessor != "":
		return errors.New("waits for a predecessor although " + string(r.State))
	case (stage >= 1 || r.UnknownSince != nil) && (r.Plan == nil || r.Plan.UploadID == ""):
		return errors.New("no plan although " + string(r.State))
	case r.State.onServer() != (r.PermID != ""), r.State.onServer() != (r.RegisteredAt != nil):
		return errors.New("permId does not fit the state " + string(r.State))
	}
	return nil
}

// checkName tells why openBIS can't have a file or folder of this name; the errors are errnos.
func checkName(name string) error {
	switch {
	case name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00"):
		return syscall.EINVAL
	case len(name) > maxName:
		return syscall.ENAMETOOLONG
	case !utf8.ValidString(name):
		return syscall.EILSEQ
	}
	return nil
}
