package meta

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/openbisfs/openbisfs/client"
)

// AttributePrefix is what the names of all extended attributes begin with.
const AttributePrefix = "user.openbis."

// The names of extended attributes.
const (
	permIDAttribute     = AttributePrefix + "permId"
	identifierAttribute = AttributePrefix + "identifier"
	typeAttribute       = AttributePrefix + "type"
	statusAttribute     = AttributePrefix + "status"
	crc32Attribute      = AttributePrefix + "crc32"
	propertyAttributes  = AttributePrefix + "property." // followed by the code
)

// linkedStatus is the status of a Dataset whose files are in another system.
const linkedStatus = "LINKED"

// Attributes returns the extended attributes of an entry, as far as they apply: of the directory of an entity its permId,
// identifier, type and properties, in the order of their codes; of a Dataset its archiving status, too; of a Dataset's file the
// CRC-32 (IEEE, eight hexadecimal digits) if the data store has it, and the status if it keeps the file from being read.
// Values are the server's own texts. Nobody is asked.
func (e *Entry) Attributes() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		some := func(name, value string) bool { return value == "" || yield(name, value) }
		switch entity := e.Entity().(type) {
		case *client.Space:
			_ = some(permIDAttribute, entity.PermID) && some(identifierAttribute, "/"+entity.Code)
		case *client.Project:
			_ = some(permIDAttribute, entity.PermID) && some(identifierAttribute, entity.Identifier)
		case *client.Collection:
			_ = some(permIDAttribute, entity.PermID) && some(identifierAttribute, entity.Identifier) &&
				some(typeAttribute, entity.Type) && eachProperty(entity.Properties, yield)
		case *client.Object:
			_ = some(permIDAttribute, entity.PermID) && some(identifierAttribute, entity.Identifier) &&
				some(typeAttribute, entity.Type) && eachProperty(entity.Properties, yield)
		case *client.DataSet:
			_ = some(permIDAttribute, entity.PermID) && some(identifierAttribute, entity.PermID) &&
				some(typeAttribute, entity.Type) && some(statusAttribute, statusOf(entity)) && eachProperty(entity.Properties, yield)
		case nil:
			e.contentAttributes(some)
		}
	}
}

func eachProperty(values map[string]string, yield func(name, value string) bool) bool {
	for _, code := range slices.Sorted(maps.Keys(values)) {
		if !yield(propertyAttributes+code, values[code]) {
			return false
		}
	}
	return true
}

func (e *Entry) contentAttributes(yield func(name, value string) bool) {
	if e.id.kind != kindFile && e.id.kind != kindFolder {
		return
	}
	if e.File.HasCRC32 && !yield(crc32Attribute, fmt.Sprintf("%08x", e.File.CRC32)) {
		return
	}
	if ds := e.DataSet; ds.Kind == client.Linked || !status(ds).Readable() {
		yield(statusAttribute, statusOf(ds))
	}
}

// statusOf returns the archiving status of a Dataset, "" of what is not physical.
func statusOf(ds *client.DataSet) string {
	if ds.Kind == client.Linked {
		return linkedStatus
	}
	return string(status(ds))
}

// Attribute returns one of the [Entry.Attributes]. The code of a property may be in any letter case.
func (e *Entry) Attribute(name string) (value string, ok bool) {
	property := strings.HasPrefix(name, propertyAttributes)
	folded := fold(name)
	for known, v := range e.Attributes() {
		switch {
		case known == name:
			return v, true
		case property && !ok && strings.HasPrefix(known, propertyAttributes) && fold(known) == folded:
			value, ok = v, true
		}
	}
	return value, ok
}
