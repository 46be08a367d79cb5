package client

import (
	"bytes"
	"encoding/json"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParserReadsWhatEncodingJSONReads(t *testing.T) {
	for _, s := range []string{
		`null`, ` true `, `-1.5e+3`, `"a\"\\\/\b\f\n\r\tä\u00e4\ud83d\ude00"`, `[]`, `{}`, "[ 1 ,\t2\n]", `{"a":{"b":[null,false,{"c":""}]}}`,
		`"\ud800"`, "\"\xff\"", `{"":0,"result":null}`, `[[[[]]]]`, `{"a" : "}" , "b" : ["]"]}`, `{"a":1,"a":null,"a":2}`,
	} {
		v, err := parseJSON([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(standard(t, []byte(s)), v, cmp.AllowUnexported(value{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", s, diff)
		}
	}
}

func TestParserRefusesWhatIsNoJSON(t *testing.T) {
	for _, s := range []string{``, ` `, `{`, `{"a"}`, `[1,]`, `"`, `"\x"`, `nul`, `01`, `{"a":1}}`, "\x00"} {
		if v, err := parseJSON([]byte(s)); err == nil {
			t.Errorf("%q: got %v", s, v)
		}
	}
}

// FuzzParser compares the parser with the standard library's.
func FuzzParser(f *testing.F) {
	f.Add([]byte(`{"a":[1,"x",null,true,{"b":-0.5e7}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := parseJSON(data)
		if (err == nil) != json.Valid(data) {
			t.Fatalf("error %v, valid %v", err, json.Valid(data))
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(standard(t, data), v, cmp.AllowUnexported(value{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// standard is what parseJSON should return, by way of the standard library.
func standard(t *testing.T, data []byte) value {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return standardValue(t, d)
}

func standardValue(t *testing.T, d *json.Decoder) value {
	t.Helper()
	token, err := d.Token()
	if err != nil {
		t.Fatal(err)
	}
	var v value
	switch token := token.(type) {
	case bool:
		return value{kind: boolean, text: strconv.FormatBool(token)}
	case json.Number:
		return value{kind: number, text: token.String()}
	case string:
		return value{kind: text, text: token}
	case json.Delim:
		v.kind = list
		if token == '{' {
			v.kind = object
		}
		for d.More() {
			key := ""
			if v.kind == object {
				k, err := d.Token()
				if err != nil {
					t.Fatal(err)
				}
				key, _ = k.(string)
			}
			item := standardValue(t, d)
			switch {
			case v.kind == list:
				v.items = append(v.items, item)
			case item.kind != null || key == "result":
				v.keys, v.items = append(v.keys, key), append(v.items, item)
			}
		}
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
	}
	return v
}
