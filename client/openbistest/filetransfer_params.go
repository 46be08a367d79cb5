package openbistest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// transferParams are the parameters of a file-transfer call. Each may have several values.
type transferParams map[string][]string

const servletException = "javax.servlet.ServletException"

// transferParamsOf reads the parameters: from a JSON body {"param":["value",…],…}, or, without a body, from the query.
func transferParamsOf(r *http.Request) (transferParams, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, newException("org.eclipse.jetty.io.EofException", "Early EOF")
	}
	if len(text) == 0 {
		return transferParams(query(r)), nil
	}
	v, err := parseJSON(text)
	if err != nil {
		return nil, newException("com.fasterxml.jackson.core.JsonParseException", "Unrecognized token '%s': "+
			"was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: (BufferedReader); line: 1, column: 1]",
			firstToken(text))
	}
	o, ok := v.(*jsonObject)
	if !ok {
		return nil, mismatched("java.util.HashMap", v)
	}
	params := make(transferParams, len(o.Names))
	for _, name := range o.Names {
		list, ok := o.get(name).([]any)
		if !ok {
			return nil, newException("java.lang.ClassCastException", "class %s cannot be cast to class java.util.List", javaClassOf(o.get(name)))
		}
		values := make([]string, len(list))
		for i, e := range list {
			s, ok := e.(string)
			if !ok {
				return nil, newException("java.lang.ArrayStoreException", "arraycopy: element type mismatch: can not cast one of the "+
					"elements of java.lang.Object[] to the type of the destination array, java.lang.String")
			}
			values[i] = s
		}
		params[name] = values
	}
	return params, nil
}

// firstToken is what a JSON parser stumbles over: the leading letters and digits.
func firstToken(text []byte) string {
	text = bytes.TrimSpace(text)
	for i, c := range text {
		if letter := c | 0x20; (letter < 'a' || 'z' < letter) && (c < '0' || '9' < c) {
			return string(text[:max(i, 1)])
		}
	}
	return string(text)
}

func javaClassOf(v any) string {
	switch v.(type) {
	case string:
		return "java.lang.String"
	case json.Number:
		return "java.lang.Integer"
	case bool:
		return "java.lang.Boolean"
	default:
		return "java.util.LinkedHashMap"
	}
}

func (p transferParams) method() (string, error) {
	if len(p["method"]) != 1 {
		return "", illegalArgument("There must be a single method defined: '[%s]'.", strings.Join(p["method"], ", "))
	}
	return p["method"][0], nil
}

// list returns all values, which are split at commas and trimmed.
func (p transferParams) list(name string) ([]string, error) {
	values, ok := p[name]
	if !ok {
		return nil, newException(servletException, "Unspecified parameter '%s'.", name)
	}
	var all []string
	for _, v := range values {
		parts := strings.Split(v, ",")
		for len(parts) > 1 && parts[len(parts)-1] == "" { // as Java's String.split
			parts = parts[:len(parts)-1]
		}
		for _, part := range parts {
			all = append(all, strings.TrimSpace(part))
		}
	}
	return all, nil
}

func (p transferParams) one(name string) (string, error) {
	values, err := p.list(name)
	if err != nil {
		return "", err
	}
	if len(values) == 0 {
		return "", newException("java.lang.IndexOutOfBoundsException", "Index 0 out of bounds for length 0")
	}
	return values[0], nil
}

// integer returns an optional number, nil when it is not given.
func (p transferParams) integer(name string) (*int32, error) {
	values, ok := p[name]
	if !ok {
		return nil, nil
	}
	if len(values) == 0 {
		return nil, newException("java.lang.ArrayIndexOutOfBoundsException", "Index 0 out of bounds for length 0")
	}
	n, err := strconv.ParseInt(values[0], 10, 32)
	if err != nil {
		return nil, newException(servletException, "Parameter '%s' is not an integer: %s", name, values[0])
	}
	i := int32(n)
	return &i, nil
}

// items returns the download item ids. Version 2 of the protocol has them as a JSON list, so that they may contain commas; servers up to
// API version 3.6 know nothing of it.
func (p transferParams) items(knowsVersion2 bool) ([]string, error) {
	const name = "downloadItemIds"
	if v := p["version"]; !knowsVersion2 || len(v) != 1 || strings.TrimSpace(v[0]) != "2" {
		return p.list(name)
	}
	if _, ok := p[name]; !ok {
		return p.list(name)
	}
	var items []string
	if len(p[name]) == 0 || json.Unmarshal([]byte(p[name][0]), &items) != nil {
		return nil, newException(runtimeExceptionClass, "com.fasterxml.jackson.core.JsonParseException: Unexpected character")
	}
	return items, nil
}

// chunkRange is a range of chunk numbers, both inclusive.
type chunkRange struct{ first, last int32 }

// ranges returns the ranges "a:b" or "a" of a queue call.
func (p transferParams) ranges() ([]chunkRange, error) {
	values, err := p.list("ranges")
	if err != nil {
		return nil, err
	}
	ranges := make([]chunkRange, 0, len(values))
	for _, v := range values {
		parts := strings.Split(v, ":")
		first, err := strconv.ParseInt(parts[0], 10, 32)
		last := first
		if err == nil && len(parts) > 1 && strings.Trim(v[len(parts[0]):], ":") != "" { // Java's split drops trailing empty parts
			last, err = strconv.ParseInt(parts[1], 10, 32)
		}
		if err != nil {
			return nil, newException(servletException, "Invalid range in parameter 'ranges': %s", v)
		}
		ranges = append(ranges, chunkRange{int32(first), int32(last)})
	}
	return ranges, nil
}
