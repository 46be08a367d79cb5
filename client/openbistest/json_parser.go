package openbistest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A parsed JSON value is nil, bool, json.Number, string, []any or *jsonObject.

// jsonObject is a JSON object that remembers the order of its names. Of equal names the last value counts.
type jsonObject struct {
	Names  []string
	Values map[string]any
}

// get returns the value of name, nil when there is none.
func (o *jsonObject) get(name string) any { return o.Values[name] }

func (o *jsonObject) has(name string) bool {
	_, ok := o.Values[name]
	return ok
}

// errEmpty is the error for a body without any JSON value.
var errEmpty = errors.New("no JSON value")

// parseJSON parses the first JSON value of body. What follows it is ignored, as the server does.
func parseJSON(body []byte) (any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, errEmpty
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	v, err := parseValue(d)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return v, err
}

func parseValue(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("parse JSON: %w", err)
	}
	switch token {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := parseValue(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	case json.Delim('{'):
		o := &jsonObject{Values: make(map[string]any)}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, fmt.Errorf("parse JSON: %w", err)
			}
			v, err := parseValue(d)
			if err != nil {
				return nil, err
			}
			if !o.has(name.(string)) {
				o.Names = append(o.Names, name.(string))
			}
			o.Values[name.(string)] = v
		}
		_, err := d.Token()
		return o, err
	}
	return token, nil
}
