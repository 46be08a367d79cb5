package client

import (
	"context"
	"strings"
)

// Schema returns all property types and vocabularies, in one call.
func (c *Client) Schema(ctx context.Context) (*Schema, error) {
	d, err := c.execute(ctx, []jsonObject{
		typed("as.dto.property.search.SearchPropertyTypesOperation", jsonObject{
			"criteria": searchPropertyTypes(), "fetchOptions": fetchPropertyType(),
		}),
		typed("as.dto.vocabulary.search.SearchVocabulariesOperation", jsonObject{
			"criteria": searchVocabularies(), "fetchOptions": fetchVocabulary(),
		}),
	})
	if err != nil {
		return nil, err
	}
	s := &Schema{Properties: make(map[string]PropertyType), Vocabularies: make(map[string]Vocabulary)}
	results := d.result().objects("results")
	if len(results) != 2 {
		d.fail("%d results for 2 operations", len(results))
		return nil, d.check("executeOperations")
	}
	propertyTypes, _ := results[0].object("searchResult").hits()
	for _, n := range propertyTypes {
		t := decodePropertyType(n)
		s.Properties[strings.ToUpper(t.Code)] = t
	}
	vocabularies, _ := results[1].object("searchResult").hits()
	for _, n := range vocabularies {
		v := decodeVocabulary(n)
		s.Vocabularies[strings.ToUpper(v.Code)] = v
	}
	return s, d.check("executeOperations")
}

func searchPropertyTypes() jsonObject {
	return typed("as.dto.property.search.PropertyTypeSearchCriteria", jsonObject{"criteria": []jsonObject{}})
}

func searchVocabularies() jsonObject {
	return typed("as.dto.vocabulary.search.VocabularySearchCriteria", jsonObject{"criteria": []jsonObject{}})
}

func fetchPropertyType() jsonObject {
	return fetchOptions("property", "PropertyType", jsonObject{"vocabulary": fetchOptions("vocabulary", "Vocabulary", nil)})
}

func fetchVocabulary() jsonObject {
	return fetchOptions("vocabulary", "Vocabulary", jsonObject{"terms": fetchOptions("vocabulary", "VocabularyTerm", nil)})
}

func decodePropertyType(n node) PropertyType {
	return PropertyType{
		Code:       n.text("code"),
		Label:      n.text("label"),
		DataType:   n.code("dataType"),
		Vocabulary: n.object("vocabulary").code("code"),
	}
}

func decodeVocabulary(n node) Vocabulary {
	v := Vocabulary{Code: n.text("code"), Description: n.text("description"), Terms: make(map[string]VocabularyTerm)}
	for _, t := range n.objects("terms") {
		ordinal, _ := t.integer("ordinal")
		term := VocabularyTerm{
			Code: t.text("code"), Label: t.text("label"), Description: t.text("description"), Ordinal: ordinal,
		}
		v.Terms[term.Code] = term
	}
	return v
}

// PropertyTypes returns all property types.
func (c *Client) PropertyTypes(ctx context.Context) ([]PropertyType, error) {
	return listAll(ctx, c, "searchPropertyTypes", searchPropertyTypes(), fetchPropertyType(), decodePropertyType)
}

// Vocabularies returns all vocabularies with their terms.
func (c *Client) Vocabularies(ctx context.Context) ([]Vocabulary, error) {
	return listAll(ctx, c, "searchVocabularies", searchVocabularies(), fetchVocabulary(), decodeVocabulary)
}

// listAll calls a search for everything that is not paged: there are hundreds at most.
func listAll[T any](ctx context.Context, c *Client, method string, criteria, fetch jsonObject, decode func(node) T) ([]T, error) {
	d, err := c.call(ctx, c.v3(), method, criteria, fetch)
	if err != nil {
		return nil, err
	}
	hits, _ := d.result().hits()
	all := make([]T, 0, len(hits))
	for _, n := range hits {
		all = append(all, decode(n))
	}
	return all, d.check(method)
}
