package client

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// document is the result of a call. The server numbers the objects of a result ("@id") and writes one that occurs
// again as its bare number, in fields, in lists and as values of maps. A number is such a reference only where the
// schema has an object (openBIS source, JsonTypeAndClassAnnotationIntrospector.java), so references are resolved as
// the decoders ask for objects; all objects are indexed before, since a reference may lead to any part of the
// document, also to one that no decoder looks at, or back to an object around it.
type document struct {
	root   value
	byID   map[string]*value
	shared map[string]string // strings that repeat
	person map[*value]*Person
	err    error // the first thing that made no sense
}

// newDocument indexes the result.
func newDocument(root value) *document {
	d := &document{
		root:   root,
		byID:   make(map[string]*value),
		shared: make(map[string]string),
		person: make(map[*value]*Person),
	}
	d.index(&d.root)
	return d
}

// index notes all numbered objects. The tree no longer changes, so pointers into it are good.
func (d *document) index(v *value) {
	if v.kind == object {
		if id := v.member("@id"); id != nil && (id.kind == number || id.kind == text) {
			d.byID[id.text] = v
		}
	}
	for i := range v.items {
		d.index(&v.items[i])
	}
}

// fail notes that the document makes no sense.
func (d *document) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
}

// object resolves a value where the schema has an object; nil stays nil.
func (d *document) object(v *value) *value {
	switch {
	case v == nil || v.kind == null:
		return nil
	case v.kind == object:
		return v
	case v.kind == number:
		if o, ok := d.byID[v.text]; ok {
			return o
		}
		d.fail("reference to the missing object %s", v.text)
	default:
		d.fail("want an object, got %.40q", v.text)
	}
	return nil
}

// result is the root as a node.
func (d *document) result() node { return node{d, d.object(&d.root)} }

// node is an object of a document, or nothing: all methods of an absent node return zero values.
type node struct {
	d *document
	v *value
}

func (n node) ok() bool { return n.v != nil }

func (n node) member(key string) *value {
	if n.v == nil {
		return nil
	}
	return n.v.member(key)
}

// object returns the object in a member.
func (n node) object(key string) node { return node{n.d, n.d.object(n.member(key))} }

// objects returns the objects of a member that is a list.
func (n node) objects(key string) []node {
	v := n.member(key)
	if v == nil {
		return nil
	}
	return n.d.objects(v)
}

func (d *document) objects(v *value) []node {
	if v.kind != list {
		d.fail("want a list, got %.40q", v.text)
		return nil
	}
	nodes := make([]node, 0, len(v.items))
	for i := range v.items {
		if o := d.object(&v.items[i]); o != nil {
			nodes = append(nodes, node{d, o})
		}
	}
	return nodes
}

// text returns a member that is a text, copied, so that the answer can be forgotten.
func (n node) text(key string) string {
	v := n.member(key)
	switch {
	case v == nil:
		return ""
	case v.kind == text || v.kind == number || v.kind == boolean:
		return strings.Clone(v.text)
	}
	n.d.fail("member %s is no text", key)
	return ""
}

// code returns a text that repeats in an answer, such as a code or the name of a user.
func (n node) code(key string) string {
	v := n.member(key)
	if v == nil {
		return ""
	}
	if v.kind != text {
		return n.text(key)
	}
	return n.d.share(v.text)
}

func (d *document) share(s string) string {
	if t, ok := d.shared[s]; ok {
		return t
	}
	t := strings.Clone(s)
	d.shared[t] = t
	return t
}

// integer returns a member that is a whole number, as a number or as digits, and whether it is there.
func (n node) integer(key string) (int64, bool) {
	v := n.member(key)
	if v == nil {
		return 0, false
	}
	i, err := strconv.ParseInt(v.text, 10, 64)
	if err != nil || v.kind != number && v.kind != text {
		n.d.fail("member %s is no whole number: %.40q", key, v.text)
		return 0, false
	}
	return i, true
}

func (n node) bool(key string) bool {
	v := n.member(key)
	return v != nil && v.kind == boolean && v.text == "true"
}

// time returns a member with milliseconds since the epoch, the zero time when it is absent.
func (n node) time(key string) time.Time {
	ms, ok := n.integer(key)
	if !ok {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// permID returns the permId of an entity.
func (n node) permID() string { return n.object("permId").text("permId") }

// properties returns a map of property values. Servers since API 3.7 have lists for properties with several values,
// which older ones join.
func (n node) properties() map[string]string {
	v := n.member("properties")
	if v == nil {
		return nil
	}
	if v.kind != object {
		n.d.fail("properties are no object")
		return nil
	}
	m := make(map[string]string, len(v.keys))
	for i, key := range v.keys {
		m[n.d.share(key)] = propertyText(&v.items[i])
	}
	return m
}

func propertyText(v *value) string {
	if v.kind != list {
		return strings.Clone(v.text)
	}
	parts := make([]string, len(v.items))
	for i := range v.items {
		parts[i] = propertyText(&v.items[i])
	}
	return strings.Join(parts, ", ")
}
