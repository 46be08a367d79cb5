package client

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// kind is what a JSON value is.
type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	list
	object
)

// value is a JSON value. A tree of them is a third of the size of maps of maps: null members are left out, and
// strings are cut out of the answer.
type value struct {
	kind  kind
	text  string   // of a text; the literal of a number or boolean
	keys  []string // of an object
	items []value  // of a list; of an object, beside keys
}

// member returns an object's member, nil when it is absent or null.
func (v *value) member(key string) *value {
	for i, k := range v.keys {
		if k == key && v.items[i].kind != null {
			return &v.items[i]
		}
	}
	return nil
}

// parseJSON reads data, leaving out the members of objects that are named in drop, and null members except "result",
// where null is an answer.
func parseJSON(data []byte, drop ...string) (value, error) {
	if !json.Valid(data) {
		var v any
		err := json.Unmarshal(data, &v) // says where it is wrong
		return value{}, fmt.Errorf("not JSON: %w", err)
	}
	s := scanner{data: string(data), drop: drop}
	return s.value(), nil
}

// scanner walks over JSON that is known to be valid.
type scanner struct {
	data string
	pos  int
	drop []string
}

// next skips blanks and returns the byte there.
func (s *scanner) next() byte {
	for {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return c
		}
	}
}

func (s *scanner) value() value {
	switch s.next() {
	case '{':
		return s.object()
	case '[':
		return s.list()
	case '"':
		return value{kind: text, text: s.text()}
	case 'n':
		s.pos += len("null")
		return value{}
	case 't', 'f':
		return value{kind: boolean, text: s.literal()}
	default:
		return value{kind: number, text: s.literal()}
	}
}

func (s *scanner) literal() string {
	rest := s.data[s.pos:]
	end := strings.IndexAny(rest, ",]} \t\r\n")
	if end < 0 {
		end = len(rest)
	}
	s.pos += end
	return rest[:end]
}

func (s *scanner) text() string {
	start := s.pos
	s.pos++
	plain := true
	for s.data[s.pos] != '"' {
		if s.data[s.pos] == '\\' {
			plain = false
			s.pos++
		}
		s.pos++
	}
	s.pos++
	quoted := s.data[start:s.pos]
	if plain && utf8.ValidString(quoted) {
		return quoted[1 : len(quoted)-1]
	}
	var t string
	if err := json.Unmarshal([]byte(quoted), &t); err != nil {
		return "" // cannot be: the whole was valid
	}
	return t
}

func (s *scanner) list() value {
	v := value{kind: list}
	s.pos++
	for s.next() != ']' {
		if s.data[s.pos] == ',' {
			s.pos++
			continue
		}
		v.items = append(v.items, s.value())
	}
	s.pos++
	return v
}

func (s *scanner) object() value {
	v := value{kind: object}
	s.pos++
	for s.next() != '}' {
		if s.data[s.pos] == ',' {
			s.pos++
			continue
		}
		key := s.name()
		item := s.value()
		if (item.kind != null || key == "result") && !s.drops(key) {
			v.keys = append(v.keys, key)
			v.items = append(v.items, item)
		}
	}
	s.pos++
	return v
}

// name reads a member's name and the colon.
func (s *scanner) name() string {
	key := s.text()
	s.next()
	s.pos++
	return key
}

func (s *scanner) drops(key string) bool {
	for _, d := range s.drop {
		if d == key {
			return true
		}
	}
	return false
}
