package meta

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/openbisfs/openbisfs/client"
)

// term is a value of a vocabulary property.
type term struct {
	Code  string  `json:"code"`
	Label *string `json:"label"`
}

// jsonNumber is the grammar of numbers in JSON.
var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// typedValue gives a property value, which the API has as a string whatever its
// type, the JSON type that its data type suggests. What does not look like its
// type stays a string.
func typedValue(schema *client.Schema, code, value string) any {
	property, ok := propertyType(schema, code)
	if !ok {
		return value
	}
	switch property.DataType {
	case "INTEGER", "REAL":
		return number(value)
	case "BOOLEAN":
		switch strings.ToLower(value) {
		case "true":
			return true
		case "false":
			return false
		}
	case "CONTROLLEDVOCABULARY":
		return term{Code: value, Label: orNull(vocabularyTerm(schema, property, value).Label)}
	}
	return value
}

// number keeps the digits as they are where JSON allows it, so that nothing is
// lost to rounding.
func number(value string) any {
	if jsonNumber.MatchString(value) {
		return json.Number(value)
	}
	if i, err := strconv.ParseInt(value, 10, 64); err == nil {
		return i
	}
	if f, err := strconv.ParseFloat(value, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
		return f
	}
	return value
}

// propertyName returns the name that users gave an entity in a property, "" if
// they gave none. New servers have NAME where older ones have $NAME.
func propertyName(properties map[string]string) string {
	for _, code := range []string{"$NAME", "NAME"} {
		if name := properties[code]; strings.TrimSpace(name) != "" {
			return name
		}
	}
	return ""
}

func propertyType(schema *client.Schema, code string) (client.PropertyType, bool) {
	if schema == nil {
		return client.PropertyType{}, false
	}
	property, ok := schema.Properties[fold(code)]
	return property, ok
}

func vocabularyTerm(schema *client.Schema, property client.PropertyType, code string) client.VocabularyTerm {
	return schema.Vocabularies[fold(property.Vocabulary)].Terms[code]
}
