package client

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestBackReferencesOfRealAnswersLeadToTheRightObjects(t *testing.T) {
	references := 0
	for _, name := range goldenAnswers(t) {
		t.Run(name, func(t *testing.T) {
			actual, err := parseJSON(golden(t, name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			expected, err := parseJSON(golden(t, name+".expected.json"))
			if err != nil {
				t.Fatal(err)
			}
			c := comparison{t: t, at: make(map[string]*value)}
			c.d = newDocument(value{kind: object})
			if i := slices.Index(actual.keys, "result"); i >= 0 {
				c.d = newDocument(actual.items[i])
				actual.items[i] = c.d.root
			}
			c.compare("", &actual, &expected)
			references += c.references
		})
	}
	if references < 500 {
		t.Errorf("only %d references were followed", references)
	}
}

// comparison walks an answer and its expectation side by side. The expectation says where an object belongs.
type comparison struct {
	t          *testing.T
	d          *document
	at         map[string]*value // the objects on the way, by JSON pointer
	references int
}

func (c *comparison) compare(pointer string, actual, expected *value) {
	c.t.Helper()
	if expected.kind == object {
		if actual.kind == number {
			c.references++
		}
		target := c.d.object(actual)
		if c.d.err != nil || target == nil {
			c.t.Fatalf("%s: no object: %v", pointer, c.d.err)
		}
		if cycle := expected.member("@cycle"); cycle != nil {
			if c.at[cycle.text] != target {
				c.t.Errorf("%s: does not lead back to %s", pointer, cycle.text)
			}
			return
		}
		c.at[pointer] = target
		defer delete(c.at, pointer)
		actual = target
	}
	if actual.kind != expected.kind || actual.text != expected.text {
		c.t.Fatalf("%s: got %v %q, want %v %q", pointer, actual.kind, actual.text, expected.kind, expected.text)
	}
	items, keys := actual.items, slices.Clone(actual.keys)
	if i := slices.Index(keys, "@id"); i >= 0 {
		keys = slices.Delete(keys, i, i+1)
		items = slices.Delete(slices.Clone(items), i, i+1)
	}
	if !slices.Equal(keys, expected.keys) || len(items) != len(expected.items) {
		c.t.Fatalf("%s: got members %v (%d), want %v (%d)", pointer, keys, len(items), expected.keys, len(expected.items))
	}
	for i := range items {
		step := strconv.Itoa(i)
		if expected.kind == object {
			step = strings.NewReplacer("~", "~0", "/", "~1").Replace(keys[i])
		}
		c.compare(pointer+"/"+step, c.original(actual, i), &expected.items[i])
	}
}

// original is the i-th item of v, not counting "@id".
func (c *comparison) original(v *value, i int) *value {
	if at := slices.Index(v.keys, "@id"); at >= 0 && at <= i {
		i++
	}
	return &v.items[i]
}

func TestAReferenceToNothingIsAnError(t *testing.T) {
	for _, body := range []string{
		`{"@id":1,"modifier":7}`,
		`{"@id":1,"modifier":"x"}`,
		`{"@id":1,"modifier":true}`,
		`{"@id":1,"modifier":[1]}`,
	} {
		root, err := parseJSON([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		d := newDocument(root)
		if p := d.result().personAt("modifier"); p != nil || d.err == nil {
			t.Errorf("%s: got %v and the error %v", body, p, d.err)
		}
	}
}

func TestAReferenceForwardAndOneIntoAnUnknownMemberAreFollowed(t *testing.T) {
	root, err := parseJSON([]byte(`{"@id":1,"modifier":3,"registrator":4,
		"unknown":{"deep":[{"@id":4,"userId":"b"}]},"leader":{"@id":3,"userId":"a"}}`))
	if err != nil {
		t.Fatal(err)
	}
	d := newDocument(root)
	n := d.result()
	if m, r, l := n.personAt("modifier"), n.personAt("registrator"), n.personAt("leader"); m.UserID != "a" || r.UserID != "b" || l != m || d.err != nil {
		t.Errorf("got %v, %v, %v, error %v", m, r, l, d.err)
	}
}

func TestNumbersWithoutObjectSchemaStayNumbers(t *testing.T) {
	root, err := parseJSON([]byte(`{"@id":1,"totalCount":1,"objects":[{"@id":2,"permId":{"@id":3,"permId":"x"},"registrationDate":3},2]}`))
	if err != nil {
		t.Fatal(err)
	}
	d := newDocument(root)
	hits, total := d.result().hits()
	if total != 1 || len(hits) != 2 || hits[1].permID() != "x" || hits[0].time("registrationDate").UnixMilli() != 3 || d.err != nil {
		t.Errorf("got %d hits, total %d, error %v", len(hits), total, d.err)
	}
}

// FuzzReferences feeds the resolver and all decoders with anything: they must end, and not panic.
func FuzzReferences(f *testing.F) {
	for _, name := range goldenAnswers(f) {
		f.Add(golden(f, name+".json"))
	}
	f.Add([]byte(`{"@id":1,"objects":[1,{"@id":"2","parents":[2,1],"dataSets":[2]}],"totalCount":1}`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		root, err := parseJSON(data)
		if err != nil {
			return
		}
		for _, v := range append([]value{root}, root.items...) {
			d := newDocument(v)
			if v.kind == list {
				d.objects(&v)
			}
			n := d.result()
			hits, _ := n.hits()
			for _, n := range append(hits, n) {
				decodeSpace(n)
				decodeCollection(n)
				decodeObject(n)
				decodeDataSet(n)
				decodeEntityType(n)
				decodeVocabulary(n)
			}
		}
	})
}
