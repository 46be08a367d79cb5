package meta

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// Text is a JSON document that belongs to no directory of the tree.
type Text struct {
	Code    string // of what it describes
	Content []byte // UTF-8, with a newline at the end
}

// textsAnswer is remembered documents.
type textsAnswer struct {
	texts   []Text
	expires time.Time
}

func (a *textsAnswer) expiry() time.Time { return a.expires }
func (a *textsAnswer) cost() (n int) {
	for _, t := range a.texts {
		n += 64 + len(t.Content)
	}
	return n
}

// TypeKinds are the kinds of entities that have types.
var TypeKinds = []string{"collection", "dataset", "object"}

type typeDocument struct {
	Kind        string         `json:"kind"` // of the entities
	Code        string         `json:"code"`
	Description *string        `json:"description"`
	CodePrefix  *string        `json:"generatedCodePrefix"`
	Properties  []propertyPart `json:"properties"` // in the order of the forms
}

type propertyPart struct {
	Code       string  `json:"code"`
	Label      *string `json:"label"`
	DataType   string  `json:"dataType"`
	Vocabulary *string `json:"vocabulary"`
	Mandatory  bool    `json:"mandatory"`
	Section    *string `json:"section"`
}

// Types describes the types of one of the TypeKinds, in the order of their codes. It fails with ErrNotExist for any other kind.
func (t *Tree) Types(ctx context.Context, kind string) ([]Text, error) {
	var ask func(context.Context) ([]client.EntityType, error)
	switch kind {
	case "object":
		ask = t.src.ObjectTypes
	case "collection":
		ask = t.src.CollectionTypes
	case "dataset":
		ask = t.src.DataSetTypes
	default:
		return nil, fmt.Errorf("types of %s: %w", kind, ErrNotExist)
	}
	return t.texts(ctx, kind, func(ctx context.Context) ([]Text, error) {
		types, err := ask(ctx)
		t.src.as.note(err)
		if err != nil {
			return nil, err
		}
		return textsOf(types, func(e client.EntityType) (string, any) { return e.Code, describeType(kind, e) })
	})
}

func describeType(kind string, e client.EntityType) typeDocument {
	slices.SortStableFunc(e.Properties, func(a, b client.PropertyAssignment) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
	d := typeDocument{Kind: kind, Code: e.Code, Description: orNull(e.Description), CodePrefix: orNull(e.Prefix), Properties: []propertyPart{}}
	for _, p := range e.Properties {
		d.Properties = append(d.Properties, propertyPart{
			Code: p.Code, Label: orNull(p.Label), DataType: p.DataType, Vocabulary: orNull(p.Vocabulary),
			Mandatory: p.Mandatory, Section: orNull(p.Section),
		})
	}
	return d
}

type vocabularyDocument struct {
	Code        string     `json:"code"`
	Description *string    `json:"description"`
	Terms       []termPart `json:"terms"` // in the order of the forms
}

type termPart struct {
	Code        string  `json:"code"`
	Label       *string `json:"label"`
	Description *string `json:"description"`
}

// Vocabularies describes all vocabularies, in the order of their codes.
func (t *Tree) Vocabularies(ctx context.Context) ([]Text, error) {
	return t.texts(ctx, "vocabulary", func(ctx context.Context) ([]Text, error) {
		schema, err := t.src.Schema(ctx)
		if err != nil {
			return nil, err
		}
		all := make([]client.Vocabulary, 0, len(schema.Vocabularies))
		for _, v := range schema.Vocabularies {
			all = append(all, v)
		}
		return textsOf(all, func(v client.Vocabulary) (string, any) { return v.Code, describeVocabulary(v) })
	})
}

func describeVocabulary(v client.Vocabulary) vocabularyDocument {
	terms := make([]client.VocabularyTerm, 0, len(v.Terms))
	for _, term := range v.Terms {
		terms = append(terms, term)
	}
	slices.SortFunc(terms, func(a, b client.VocabularyTerm) int {
		return cmp.Or(cmp.Compare(a.Ordinal, b.Ordinal), cmp.Compare(a.Code, b.Code))
	})
	d := vocabularyDocument{Code: v.Code, Description: orNull(v.Description), Terms: []termPart{}}
	for _, term := range terms {
		d.Terms = append(d.Terms, termPart{Code: term.Code, Label: orNull(term.Label), Description: orNull(term.Description)})
	}
	return d
}

// texts returns remembered documents, or those that ask returns.
func (t *Tree) texts(ctx context.Context, of string, ask func(context.Context) ([]Text, error)) ([]Text, error) {
	a, err := get(ctx, t.answers, id{kind: answerTypes, permID: of}, func(ctx context.Context) (*textsAnswer, error) {
		asOf := t.clock()
		texts, err := ask(ctx)
		if err != nil {
			return nil, err
		}
		return &textsAnswer{texts, t.expiry(asOf)}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s types: %w", of, err)
	}
	return a.texts, nil
}

// textsOf renders documents in the order of their codes.
func textsOf[T any](all []T, describe func(T) (code string, content any)) ([]Text, error) {
	texts := make([]Text, 0, len(all))
	for _, e := range all {
		code, content := describe(e)
		text, err := renderJSON(content)
		if err != nil {
			return nil, err
		}
		texts = append(texts, Text{code, text})
	}
	slices.SortFunc(texts, func(a, b Text) int { return cmp.Compare(a.Code, b.Code) })
	return texts, nil
}

// FileName returns the name of the document's file.
func (t Text) FileName() string { return fit(encodeName(t.Code), ".json", t.Code) }

// renderJSON returns UTF-8 JSON, indented, with a newline at the end.
func renderJSON(content any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(content); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Reachable tells whether the servers answered when they were asked last.
func (t *Tree) Reachable() (application, data bool) {
	return !t.src.as.lost.Load(), !t.src.dss.lost.Load()
}
