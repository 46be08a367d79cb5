package openbistest

import (
	"strconv"
	"unicode/utf8"
)

// jsonWriter writes JSON as the server's Jackson mapper does: every bean gets "@type" and "@id" when it is first
// written and is the bare id when the same instance comes again. The ids count from 1 in the order in
// which the beans are opened.
type jsonWriter struct {
	buf   []byte
	ids   map[any]int
	last  int
	comma bool // the next name or element needs a comma
}

// jsonValue is what can write itself.
type jsonValue interface{ writeJSON(w *jsonWriter) }

// bean is an instance of a Java class with its fields in their declared order. Its identity is its address: the
// same *bean written twice is an object and a reference.
type bean struct {
	Type   string // "@type"; "" for a class without one
	Fields []field
}

// field is a named value of a bean: whatever [jsonWriter.value] knows.
type field struct {
	Name  string
	Value any
}

// orderedMap is a JSON object without "@type" and "@id".
type orderedMap []field

// sep writes the comma that is due.
func (w *jsonWriter) sep() {
	if w.comma {
		w.buf = append(w.buf, ',')
	}
	w.comma = true
}

// name begins a field. Its value must follow.
func (w *jsonWriter) name(name string) {
	w.sep()
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, name...)
	w.buf = append(w.buf, '"', ':')
	w.comma = false
}

// raw writes a value, or ready-made fields, that are JSON already.
func (w *jsonWriter) raw(json string) {
	w.sep()
	w.buf = append(w.buf, json...)
}

func (w *jsonWriter) null()         { w.raw("null") }
func (w *jsonWriter) int(i int64)   { w.sep(); w.buf = strconv.AppendInt(w.buf, i, 10) }
func (w *jsonWriter) bool(b bool)   { w.sep(); w.buf = strconv.AppendBool(w.buf, b) }
func (w *jsonWriter) text(s string) { w.sep(); w.buf = appendJSONString(w.buf, s) }

// begin and end write the brackets of objects and lists.
func (w *jsonWriter) begin(bracket byte) {
	w.sep()
	w.buf = append(w.buf, bracket)
	w.comma = false
}

func (w *jsonWriter) end(bracket byte) {
	w.buf = append(w.buf, bracket)
	w.comma = true
}

// open begins the bean with that identity and returns true; or, when it was written before, writes the reference
// and returns false. The caller of a true open writes the fields and calls end('}').
func (w *jsonWriter) open(identity any, typ string) bool {
	if id, ok := w.ids[identity]; ok {
		w.int(int64(id))
		return false
	}
	if w.ids == nil {
		w.ids = make(map[any]int)
	}
	w.last++
	w.ids[identity] = w.last
	w.openNumbered(typ, w.last)
	return true
}

// openNew begins a bean that nothing can refer to.
func (w *jsonWriter) openNew(typ string) {
	w.last++
	w.openNumbered(typ, w.last)
}

func (w *jsonWriter) openNumbered(typ string, id int) {
	w.begin('{')
	if typ != "" {
		w.buf = append(w.buf, `"@type":"`...)
		w.buf = append(w.buf, typ...)
		w.buf = append(w.buf, `",`...)
	}
	w.buf = append(w.buf, `"@id":`...)
	w.buf = strconv.AppendInt(w.buf, int64(id), 10)
	w.comma = true
}

// value writes a nil, bool, integer, string, *string, *int64, []string, []any, *bean, orderedMap or jsonValue.
func (w *jsonWriter) value(v any) {
	switch v := v.(type) {
	case nil:
		w.null()
	case bool:
		w.bool(v)
	case int:
		w.int(int64(v))
	case int32:
		w.int(int64(v))
	case int64:
		w.int(v)
	case string:
		w.text(v)
	case *string:
		if v == nil {
			w.null()
		} else {
			w.text(*v)
		}
	case *int64:
		if v == nil {
			w.null()
		} else {
			w.int(*v)
		}
	case []string:
		w.begin('[')
		for _, s := range v {
			w.text(s)
		}
		w.end(']')
	case []any:
		w.begin('[')
		for _, e := range v {
			w.value(e)
		}
		w.end(']')
	case *bean:
		if v == nil {
			w.null()
		} else if w.open(v, v.Type) {
			for _, f := range v.Fields {
				w.name(f.Name)
				w.value(f.Value)
			}
			w.end('}')
		}
	case orderedMap:
		w.begin('{')
		for _, f := range v {
			w.key(f.Name)
			w.value(f.Value)
		}
		w.end('}')
	case jsonValue:
		v.writeJSON(w)
	default:
		panic("openbistest: cannot write this as JSON")
	}
}

// key is name for a map's key, which may need escaping.
func (w *jsonWriter) key(key string) {
	w.sep()
	w.buf = appendJSONString(w.buf, key)
	w.buf = append(w.buf, ':')
	w.comma = false
}

const upperHex = "0123456789ABCDEF"

// appendJSONString appends s as Jackson's UTF-8 generator writes it: only quotes, backslashes and control characters are escaped, and
// characters beyond the basic multilingual plane are written as escaped surrogates.
func appendJSONString(buf []byte, s string) []byte {
	buf = append(buf, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r <= 0xffff && (r != utf8.RuneError || size > 1) {
				i += size
				continue
			}
			buf = append(buf, s[start:i]...)
			if r > 0xffff {
				r -= 0x10000
				buf = appendUnicodeEscape(buf, 0xd800+r>>10)
				buf = appendUnicodeEscape(buf, 0xdc00+r&0x3ff)
			} else {
				buf = append(buf, "\ufffd"...)
			}
			i += size
			start = i
			continue
		}
		buf = append(buf, s[start:i]...)
		switch c {
		case '"', '\\':
			buf = append(buf, '\\', c)
		case '\b':
			buf = append(buf, '\\', 'b')
		case '\t':
			buf = append(buf, '\\', 't')
		case '\n':
			buf = append(buf, '\\', 'n')
		case '\f':
			buf = append(buf, '\\', 'f')
		case '\r':
			buf = append(buf, '\\', 'r')
		default:
			buf = appendUnicodeEscape(buf, rune(c))
		}
		i++
		start = i
	}
	buf = append(buf, s[start:]...)
	return append(buf, '"')
}

func appendUnicodeEscape(buf []byte, r rune) []byte {
	return append(buf, '\\', 'u', upperHex[r>>12&15], upperHex[r>>8&15], upperHex[r>>4&15], upperHex[r&15])
}
