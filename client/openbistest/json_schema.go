package openbistest

import "strings"

// paramKind is what a position in a request is declared as.
type paramKind int

const (
	anyKind     paramKind = iota // plain JSON, as [parseJSON] returns it
	textKind                     // java.lang.String
	intKind                      // java.lang.Integer
	longKind                     // java.lang.Long
	boolKind                     // java.lang.Boolean
	dateKind                     // java.util.Date
	enumKind                     // a Java enum
	objectKind                   // a bean
	listKind                     // a java.util.List
	textMapKind                  // a map from text to text
)

// paramType is the declared type of a parameter or of a bean's field.
type paramType struct {
	kind      paramKind
	base      string     // of an object or enum: its type or interface, like "as.dto.space.id.ISpaceId"
	elem      *paramType // of a list
	constants []string   // of an enum
}

// The declared types without further detail.
var (
	anyParam  = paramType{kind: anyKind}
	textParam = paramType{kind: textKind}
	intParam  = paramType{kind: intKind}
	longParam = paramType{kind: longKind}
	boolParam = paramType{kind: boolKind}
	dateParam = paramType{kind: dateKind}

	textMapParam = paramType{kind: textMapKind}
)

// objectParam is a bean: of one class when base is one, of any class that was defined for it when base is an interface.
func objectParam(base string) paramType { return paramType{kind: objectKind, base: base} }

// listParam is a list, for which a single value may stand.
func listParam(elem paramType) paramType { return paramType{kind: listKind, elem: &elem} }

func enumParam(base string, constants ...string) paramType {
	return paramType{kind: enumKind, base: base, constants: constants}
}

// class is a bean class that requests may contain.
type class struct {
	Type   string // "@type"
	fields map[string]paramType
}

// classes are the bean classes by "@type"; implementers are the types that may stand for an interface.
var (
	classes      = make(map[string]*class)
	implementers = make(map[string][]string)
)

// define adds a bean class that implements the interfaces.
func define(typ string, fields map[string]paramType, interfaces ...string) {
	classes[typ] = &class{Type: typ, fields: fields}
	for _, i := range interfaces {
		implementers[i] = append(implementers[i], typ)
	}
}

// polymorphic tells whether several classes may stand here, so that "@type" is needed.
func (t paramType) polymorphic() bool { return implementers[t.base] != nil }

// types returns the "@type"s that may stand here.
func (t paramType) types() []string {
	if types := implementers[t.base]; types != nil {
		return types
	}
	return []string{t.base}
}

func (t paramType) java() string { return javaName(t.base) }
func (c *class) java() string    { return javaName(c.Type) }

// javaName is the Java class of a type name.
func javaName(typ string) string {
	switch {
	case strings.HasPrefix(typ, "as."):
		return "ch.ethz.sis.openbis.generic.asapi.v3." + typ[len("as."):]
	case strings.HasPrefix(typ, "dss."):
		return "ch.ethz.sis.openbis.generic.dssapi.v3." + typ[len("dss."):]
	case strings.Contains(typ, "."):
		return typ
	default:
		return "ch.systemsx.cisd.openbis.dss.generic.shared.api.v1." + typ
	}
}
