package meta

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// schemaAnswer is the server's schema. It has no end of life: it is asked for
// again when it turns out to lack something.
type schemaAnswer struct {
	schema  *client.Schema
	asOf    time.Time
	lacking atomic.Bool
}

func (s *schemaAnswer) expiry() time.Time {
	if s.lacking.Load() {
		return s.asOf
	}
	return time.Time{}
}

func (s *schemaAnswer) cost() int {
	n := len(s.schema.Properties)
	for _, v := range s.schema.Vocabularies {
		n += len(v.Terms)
	}
	return n * entityCost
}

// schemaFor returns a schema for properties, nil if there are none. A schema
// that lacks one of them is replaced, at most once in a TTL.
func (t *Tree) schemaFor(ctx context.Context, properties map[string]string) (*client.Schema, error) {
	if len(properties) == 0 {
		return nil, nil
	}
	known, err := t.schema(ctx)
	if err != nil {
		return nil, err
	}
	if covers(known.schema, properties) || t.clock().Before(t.expiry(known.asOf)) {
		return known.schema, nil
	}
	known.lacking.Store(true)
	renewed, err := t.schema(ctx)
	if err != nil {
		return known.schema, nil //nolint:nilerr // an old schema is better than none
	}
	return renewed.schema, nil
}

// schema returns what is known of the server's schema, and asks for it if nothing is.
func (t *Tree) schema(ctx context.Context) (*schemaAnswer, error) {
	return get(ctx, t.answers, id{kind: answerSchema}, func(ctx context.Context) (*schemaAnswer, error) {
		asOf := t.clock()
		schema, err := t.src.Schema(ctx)
		if err != nil {
			return nil, err
		}
		return &schemaAnswer{schema: schema, asOf: asOf}, nil
	})
}

// covers tells whether a schema knows all properties and their terms.
func covers(schema *client.Schema, properties map[string]string) bool {
	for code, value := range properties {
		property, ok := propertyType(schema, code)
		if !ok {
			return false
		}
		if property.DataType != "CONTROLLEDVOCABULARY" {
			continue
		}
		if _, ok := schema.Vocabularies[fold(property.Vocabulary)].Terms[value]; !ok {
			return false
		}
	}
	return true
}
