package openbistest

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The classes of Jackson's exceptions. Decoding happens before the service, so these are never masqueraded.
const (
	invalidTypeIDClass   = "com.fasterxml.jackson.databind.exc.InvalidTypeIdException"
	mappingClass         = "com.fasterxml.jackson.databind.JsonMappingException"
	invalidFormatClass   = "com.fasterxml.jackson.databind.exc.InvalidFormatException"
	mismatchedInputClass = "com.fasterxml.jackson.databind.exc.MismatchedInputException"
	unrecognizedClass    = "com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException"
	noLegacyClassesClass = "ch.systemsx.cisd.openbis.common.api.server.json.deserializer." +
		"JsonTypeAndClassDeserializer$NoMatchingLegacyClassesException"
)

const unknownSource = "\n at [Source: UNKNOWN; line: -1, column: -1]"

// object is a decoded bean of a request.
type object struct {
	class  *class
	fields map[string]any // what was sent and is not null
}

// text returns a text field, "" when there is none.
func (o *object) text(name string) string { s, _ := o.fields[name].(string); return s }

// bool returns a boolean field, or what it is by default.
func (o *object) bool(name string, byDefault bool) bool {
	if b, ok := o.fields[name].(bool); ok {
		return b
	}
	return byDefault
}

// object returns a bean field, nil when there is none.
func (o *object) object(name string) *object { v, _ := o.fields[name].(*object); return v }

// objects returns the beans of a list field.
func (o *object) objects(name string) []*object {
	list, _ := o.fields[name].([]any)
	return objectsOf(list)
}

func objectsOf(list []any) []*object {
	var objects []*object
	for _, e := range list {
		if e, ok := e.(*object); ok && e != nil {
			objects = append(objects, e)
		}
	}
	return objects
}

// decodeParams decodes positional parameters. Text becomes string, whole numbers int64, booleans bool, beans *object, lists
// []any; null is nil.
func decodeParams(params []any, types []paramType, d dialect) ([]any, error) {
	args := make([]any, len(params))
	for i, p := range params {
		dec := &decoder{strict: d != v3, byID: make(map[int64]*object)}
		v, err := dec.decode(p, types[i])
		if err != nil {
			return nil, err
		}
		args[i] = dec.resolve(v)
	}
	return args, nil
}

// decoder decodes one parameter, the scope of "@id".
type decoder struct {
	strict  bool // refuse unknown fields
	byID    map[int64]*object
	visited map[*object]bool
}

// reference stands for an object by its "@id" until all are known.
type reference int64

func (d *decoder) decode(v any, t paramType) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch t.kind {
	case textKind:
		if s, ok := asText(v); ok {
			return s, nil
		}
		return nil, mismatched("java.lang.String", v)
	case intKind:
		return decodeInteger(v)
	case longKind:
		return decodeLong(v)
	case boolKind:
		return decodeBoolean(v)
	case enumKind:
		return decodeEnum(v, t)
	case dateKind:
		return decodeDate(v)
	case textMapKind:
		return decodeTextMap(v)
	case listKind:
		return d.decodeList(v, *t.elem)
	case objectKind:
		return d.decodeObject(v, t, false)
	default:
		return v, nil
	}
}

// decodeList accepts a single value for a list. What goes wrong inside an element object is reported by openBIS's own list
// deserializer, which tries twice.
func (d *decoder) decodeList(v any, elem paramType) (any, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	decoded := make([]any, 0, len(list))
	for _, e := range list {
		var value any
		var err error
		if elem.kind == objectKind {
			value, err = d.decodeObject(e, elem, true)
			if _, isObject := e.(*jsonObject); isObject && err != nil {
				err = twice(err, elem)
			}
		} else {
			value, err = d.decode(e, elem)
		}
		if err != nil {
			return nil, err
		}
		decoded = append(decoded, value)
	}
	return decoded, nil
}

func twice(err error, t paramType) error {
	e := asException(err)
	first := e.class + ": " + e.message
	second := first
	if t.polymorphic() {
		second = fmt.Sprintf("com.fasterxml.jackson.databind.exc.InvalidDefinitionException: Cannot construct instance of `%s` "+
			"(no Creators, like default construct, exist): abstract types either need to be mapped to concrete types, "+
			"have custom deserializer, or contain additional type information%s", t.java(), unknownSource)
	}
	return newException(mappingClass, "Could not deserialize object.\nAttempt of deserialization with type failed with: \n%s\n"+
		"Attempt of deserialization without type failed with: \n%s", first, second)
}

func (d *decoder) decodeObject(v any, t paramType, inList bool) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case *jsonObject:
		return d.decodeBean(v, t, inList)
	case json.Number, string:
		id, err := decodeInteger(v)
		if err != nil || id == nil {
			return nil, err
		}
		return reference(id.(int64)), nil
	case bool:
		return nil, mismatched("java.lang.Integer", v)
	default:
		return nil, mismatched(t.java(), v)
	}
}

func (d *decoder) decodeBean(v *jsonObject, t paramType, inList bool) (any, error) {
	c, err := d.classOf(v, t, inList)
	if err != nil {
		return nil, err
	}
	o := &object{class: c, fields: make(map[string]any, len(v.Names))}
	if id := v.get("@id"); id != nil {
		n, err := decodeInteger(id)
		if err != nil {
			return nil, err
		}
		if _, taken := d.byID[n.(int64)]; taken {
			return nil, newException(mappingClass, "Already had POJO for id (java.lang.Integer) [[ObjectId: key=%d, "+
				"type=com.fasterxml.jackson.annotation.ObjectIdGenerators$IntSequenceGenerator, scope=java.lang.Object]]", n)
		}
		d.byID[n.(int64)] = o
	}
	for _, name := range v.Names {
		if name == "@type" || name == "@id" || name == "@class" {
			continue
		}
		ft, known := c.fields[name]
		if !known {
			if d.strict {
				return nil, newException(unrecognizedClass, "Unrecognized field \"%s\" (class %s), not marked as ignorable%s",
					name, c.java(), unknownSource)
			}
			continue
		}
		value, err := d.decode(v.get(name), ft)
		if err != nil {
			return nil, err
		}
		if value != nil {
			o.fields[name] = value
		}
	}
	return o, nil
}

// classOf finds the class of a bean by its "@type", which may be missing where only one class is possible
// and something else is there.
func (d *decoder) classOf(v *jsonObject, t paramType, inList bool) (*class, error) {
	name, ok := v.get("@type").(string)
	if !ok {
		if legacy, is := v.get("@class").(string); is && (!inList || t.polymorphic()) {
			return nil, newException(noLegacyClassesClass, "Couldn't deserialize a JSON object with a legacy @class field value: "+
				"'%s'. No classes have been definded in @class => Java classes mapping for that value.", legacy)
		}
		switch {
		case t.polymorphic():
			return nil, newException(mappingClass, "Cannot deserialize a polymorphic type without type information")
		case len(v.Names) == 0 && !inList:
			return nil, newException(invalidTypeIDClass, "Missing type id when trying to resolve subtype of [simple type, class %s]: "+
				"missing type id property '@type'%s", t.java(), unknownSource)
		}
		return classes[t.base], nil
	}
	for _, known := range t.types() {
		if known == name {
			return classes[name], nil
		}
	}
	return nil, newException(invalidTypeIDClass, "Could not resolve type id '%s' as a subtype of [simple type, class %s]: "+
		"known type ids = [%s]%s", name, t.java(), strings.Join(t.types(), ", "), unknownSource)
}

// resolve replaces references by their objects. A dangling one becomes null in a field and vanishes from a list.
func (d *decoder) resolve(v any) any {
	switch v := v.(type) {
	case reference:
		o, ok := d.byID[int64(v)]
		if !ok {
			return nil
		}
		return d.resolve(o)
	case []any:
		kept := make([]any, 0, len(v))
		for _, e := range v {
			if id, isRef := e.(reference); isRef && d.byID[int64(id)] == nil {
				continue
			}
			kept = append(kept, d.resolve(e))
		}
		return kept
	case *object:
		if d.visited[v] {
			return v
		}
		if d.visited == nil {
			d.visited = make(map[*object]bool)
		}
		d.visited[v] = true
		for name, f := range v.fields {
			f = d.resolve(f)
			if f == nil {
				delete(v.fields, name)
			} else {
				v.fields[name] = f
			}
		}
	}
	return v
}

// tokenOf names the Jackson token that a value begins with.
func tokenOf(v any) string {
	switch v := v.(type) {
	case bool:
		if v {
			return "VALUE_TRUE"
		}
		return "VALUE_FALSE"
	case []any:
		return "START_ARRAY"
	case *jsonObject:
		return "START_OBJECT"
	case string:
		return "VALUE_STRING"
	default:
		return "VALUE_NUMBER_INT"
	}
}

func mismatched(java string, v any) error {
	return newException(mismatchedInputClass, "Cannot deserialize instance of `%s` out of %s token%s", java, tokenOf(v), unknownSource)
}

// decodeInteger decodes a Java Integer: texts are parsed, fractions cut, and 32 bits kept.
func decodeInteger(v any) (any, error) {
	n, err := decodeNumber(v, "java.lang.Integer", "Integer")
	if err != nil || n == nil {
		return nil, err
	}
	return int64(int32(n.(int64))), nil
}

// decodeLong decodes a Java Long.
func decodeLong(v any) (any, error) { return decodeNumber(v, "java.lang.Long", "Long") }

func decodeNumber(v any, java, short string) (any, error) {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
		f, err := v.Float64()
		if err != nil || math.Abs(f) > math.MaxInt64 {
			return nil, mismatched(java, v)
		}
		return int64(f), nil
	case string:
		s := strings.TrimSpace(v)
		if s == "" {
			return nil, nil
		}
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, newException(invalidFormatClass, "Cannot deserialize value of type `%s` from String \"%s\": not a valid %s value%s",
				java, v, short, unknownSource)
		}
		return n, nil
	default:
		return nil, mismatched(java, v)
	}
}

func decodeBoolean(v any) (any, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case json.Number:
		return v.String() != "0", nil
	case string:
		switch strings.TrimSpace(v) {
		case "true", "True":
			return true, nil
		case "false", "False":
			return false, nil
		case "":
			return nil, nil
		}
		return nil, newException(invalidFormatClass,
			"Cannot deserialize value of type `java.lang.Boolean` from String \"%s\": only \"true\" or \"false\" recognized%s", v, unknownSource)
	default:
		return nil, mismatched("java.lang.Boolean", v)
	}
}

// decodeEnum accepts a constant's name or its index.
func decodeEnum(v any, t paramType) (any, error) {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil && i >= 0 && i < int64(len(t.constants)) {
			return t.constants[i], nil
		}
	case string:
		for _, c := range t.constants {
			if c == v {
				return c, nil
			}
		}
		return nil, newException(invalidFormatClass, "Cannot deserialize value of type `%s` from String \"%s\": "+
			"value not one of declared Enum instance names: [%s]%s", t.java(), v, strings.Join(t.constants, ", "), unknownSource)
	}
	return nil, mismatched(t.java(), v)
}
