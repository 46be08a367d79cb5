package openbistest

// What describes the lab rather than being in it is searched by the in-memory matchers.

func (q *searcher) propertyType(c *object, p *PropertyType) bool {
	a := &attributes{
		engine: memoryEngine, code: p.Code, permID: p.Code, registered: p.Registered, modified: p.Registered, registrator: p.Registrator,
		more: map[string]string{"label": p.Label, "description": p.Description},
	}
	return q.group(c, func(child *object) bool {
		switch child.class.Type {
		case searchType("property.PropertyType"):
			return q.propertyType(child, p)
		case searchType("vocabulary.Vocabulary"):
			return p.Vocabulary != nil && q.vocabulary(child, p.Vocabulary)
		}
		return q.attribute(child, a)
	})
}

func (q *searcher) vocabulary(c *object, v *Vocabulary) bool {
	a := &attributes{
		engine: memoryEngine, code: v.Code, permID: v.Code, registered: v.Registered, modified: v.Registered, registrator: v.Registrator,
	}
	return q.group(c, func(child *object) bool {
		if child.class.Type == searchType("vocabulary.Vocabulary") {
			return q.vocabulary(child, v)
		}
		return q.attribute(child, a)
	})
}

// vocabularyTerm is a term with the vocabulary that it belongs to.
type vocabularyTerm struct {
	*VocabularyTerm
	of *Vocabulary
}

func (q *searcher) term(c *object, t vocabularyTerm) bool {
	a := &attributes{
		engine: memoryEngine, code: t.Code, permID: t.Code, registered: t.of.Registered, modified: t.of.Registered,
		more: map[string]string{"label": t.Label, "vocabulary": t.of.Code},
	}
	return q.group(c, func(child *object) bool {
		switch child.class.Type {
		case searchType("vocabulary.VocabularyTerm"):
			return q.term(child, t)
		case searchType("vocabulary.Vocabulary"):
			return q.vocabulary(child, t.of)
		}
		return q.attribute(child, a)
	})
}

func (q *searcher) dataStore(c *object, d *DataStore) bool {
	a := &attributes{engine: memoryEngine, code: d.Code, permID: d.Code, registered: d.Registered, modified: d.Registered}
	return q.group(c, func(child *object) bool {
		if child.class == c.class {
			return q.dataStore(child, d)
		}
		return q.attribute(child, a)
	})
}

func (q *searcher) personSearch(c *object, p *Person) bool {
	return q.group(c, func(child *object) bool {
		if child.class == c.class {
			return q.personSearch(child, p)
		}
		return q.attribute(child, personAttributes(p))
	})
}

func (q *searcher) pat(c *object, p *personalAccessToken) bool {
	a := &attributes{
		engine: memoryEngine, code: p.Hash, permID: p.Hash, registered: p.Registered, modified: p.Registered,
		more: map[string]string{"sessionname": p.SessionName, "personalaccesstokensessionname": p.SessionName},
	}
	return q.group(c, func(child *object) bool {
		switch criteriaName(child) {
		case "PersonalAccessToken":
			return q.pat(child, p)
		case "PersonalAccessTokenOwner":
			return q.personMatches(child, p.Owner)
		}
		return q.attribute(child, a)
	})
}
