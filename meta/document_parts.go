package meta

import (
	"cmp"
	"slices"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// commonPart are the keys that all documents but the root's have, in their order.
type commonPart struct {
	Kind             string         `json:"kind"`
	Code             string         `json:"code"`
	Identifier       *string        `json:"identifier"`
	PermID           string         `json:"permId"`
	Type             *string        `json:"type"`
	Name             *string        `json:"name"`
	Properties       map[string]any `json:"properties"`
	Tags             []string       `json:"tags"`
	Registrator      *personPart    `json:"registrator"`
	RegistrationDate *string        `json:"registrationDate"`
	Modifier         *personPart    `json:"modifier"`
	ModificationDate *string        `json:"modificationDate"`
	Parents          []refPart      `json:"parents"`
	Children         []refPart      `json:"children"`
	URL              *string        `json:"url"`
}

// personPart is a user.
type personPart struct {
	UserID    string  `json:"userId"`
	FirstName *string `json:"firstName"`
	LastName  *string `json:"lastName"`
	Email     *string `json:"email"`
}

// refPart is an Object or a Dataset that another one refers to.
type refPart struct {
	PermID     string  `json:"permId"`
	Identifier *string `json:"identifier"`
	Type       *string `json:"type"`
}

func personOf(p *client.Person) *personPart {
	if p == nil {
		return nil
	}
	return &personPart{UserID: p.UserID, FirstName: orNull(p.FirstName), LastName: orNull(p.LastName), Email: orNull(p.Email)}
}

// objectRefs returns references to Objects in the order of their identifiers:
// the server has them in none.
func objectRefs(refs []client.ObjectRef) []refPart {
	parts := make([]refPart, 0, len(refs))
	sorted := slices.SortedFunc(slices.Values(refs), func(a, b client.ObjectRef) int {
		return cmp.Or(cmp.Compare(a.Identifier, b.Identifier), cmp.Compare(a.PermID, b.PermID))
	})
	for i := range sorted {
		parts = append(parts, objectRef(&sorted[i]))
	}
	return parts
}

func objectRef(r *client.ObjectRef) refPart {
	return refPart{PermID: r.PermID, Identifier: orNull(r.Identifier), Type: orNull(r.Type)}
}

// dataSetRefs returns references to Datasets in the server's order, which has a meaning.
func dataSetRefs(refs []client.DataSetRef) []refPart {
	parts := make([]refPart, 0, len(refs))
	for _, r := range refs {
		parts = append(parts, refPart{PermID: r.PermID, Type: orNull(r.Type)})
	}
	return parts
}

// properties returns property values with their JSON types.
func (d *document) properties(values map[string]string) map[string]any {
	typed := make(map[string]any, len(values))
	for code, value := range values {
		typed[code] = typedValue(d.schema, code, value)
	}
	return typed
}

// tagsOf returns tags in alphabetical order: the server has them in none.
func tagsOf(tags []string) []string {
	sorted := append([]string{}, tags...) // [] in JSON if there are none
	slices.Sort(sorted)
	return sorted
}

// dateOf returns a time as RFC 3339 with the precision that openBIS has.
func dateOf(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	return &s
}

// orNull returns nil for what is not there.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
