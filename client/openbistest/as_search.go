package openbistest

import (
	"strings"
	"time"
)

// searcher evaluates the criteria of one search for one person.
type searcher struct {
	s      *Server
	person *Person
	err    error // the first thing that was wrong with the criteria
	texts  map[*object]func(string) bool
	dates  map[*object]func(time.Time) bool
	memo   map[memoKey]bool
}

// memoKey says which criteria were evaluated for which entity.
type memoKey struct {
	criteria *object
	entity   any
}

func (s *Server) newSearcher(person *Person) *searcher {
	return &searcher{
		s: s, person: person, texts: make(map[*object]func(string) bool), dates: make(map[*object]func(time.Time) bool),
		memo: make(map[memoKey]bool),
	}
}

func (q *searcher) fail(err error) bool {
	if q.err == nil {
		q.err = err
	}
	return false
}

// group evaluates composite criteria, given a test of each child. Without children everything matches.
func (q *searcher) group(c *object, match func(child *object) bool) bool {
	children := c.objects("criteria")
	matched := true
	if len(children) > 0 {
		or := c.text("operator") == "OR"
		matched = !or
		for _, child := range children {
			if match(child) == or {
				matched = or
				break
			}
		}
	}
	return matched != c.bool("negated", false)
}

// related evaluates criteria for a related entity, once per entity.
func (q *searcher) related(c *object, entity any, match func() bool) bool {
	key := memoKey{c, entity}
	matched, known := q.memo[key]
	if !known {
		matched = match()
		q.memo[key] = matched
	}
	return matched
}

// attributes are what all criteria of an entity can test.
type attributes struct {
	engine               engine
	code, permID         string
	identifier           func() string
	registered, modified time.Time
	registrator          *Person
	modifier             *Person
	tags                 []*Tag
	properties           map[string]string
	// more are the entity's own attributes, by their normalised field name.
	more map[string]string
}

// attribute evaluates a child that is no relation. The name of the database column comes from the class unless the request
// overrides it.
func (q *searcher) attribute(c *object, a *attributes) bool {
	matched := q.attributeMatches(c, a)
	return matched != c.bool("negated", false)
}

func (q *searcher) attributeMatches(c *object, a *attributes) bool {
	name := criteriaName(c)
	switch name {
	case "Id":
		return q.idMatches(c.object("id"), a)
	case "Codes", "UserIds":
		list, _ := c.fields["fieldValue"].([]any)
		for _, code := range list {
			if code == a.code {
				return true
			}
		}
		return false
	case "Ids":
		for _, id := range c.objects("fieldValue") {
			if q.idMatches(id, a) {
				return true
			}
		}
		return false
	case "RegistrationDate":
		return q.date(c)(a.registered)
	case "ModificationDate":
		return q.date(c)(a.modified)
	case "Registrator":
		return q.personMatches(c, a.registrator)
	case "Modifier":
		return q.personMatches(c, a.modifier)
	case "Tag":
		for _, tag := range a.tags {
			if q.tagVisible(tag) && q.group(c, func(child *object) bool { return q.attribute(child, tagAttributes(tag)) }) {
				return true
			}
		}
		return false
	case "AnyProperty", "AnyField":
		return q.anyMatches(c, a, name == "AnyField")
	}
	if strings.HasSuffix(name, "Property") {
		return q.propertyMatches(c, name, a.properties)
	}
	column := normaliseField(c.text("fieldName"))
	if column == "" {
		column = normaliseField(name)
	}
	text := q.text(c, a.engine)
	switch column {
	case "code", "permid", "identifier":
		value := map[string]func() string{
			"code": func() string { return a.code }, "permid": func() string { return a.permID }, "identifier": a.identifier,
		}[column]
		if value != nil {
			return text(value())
		}
	default:
		if value, ok := a.more[column]; ok {
			return text(value)
		}
	}
	return q.fail(newException("org.postgresql.util.PSQLException", "ERROR: column t0.%s does not exist", c.text("fieldName")))
}

// normaliseField makes "perm id", "perm_id" and "permId" one.
func normaliseField(name string) string {
	return strings.NewReplacer(" ", "", "_", "").Replace(strings.ToLower(name))
}

// criteriaName is the class name of criteria without package and suffix: "Code", "SampleParents".
func criteriaName(c *object) string {
	name := c.class.Type[strings.LastIndexByte(c.class.Type, '.')+1:]
	return strings.TrimSuffix(name, "SearchCriteria")
}

func (q *searcher) text(c *object, e engine) func(string) bool {
	match := q.texts[c]
	if match == nil {
		match = textMatcher(c.object("fieldValue"), c.bool("useWildcards", true), e)
		q.texts[c] = match
	}
	return match
}

func (q *searcher) date(c *object) func(time.Time) bool {
	match := q.dates[c]
	if match == nil {
		var err error
		if match, err = dateMatcher(c.object("fieldValue"), c.object("timeZone")); err != nil {
			q.fail(err)
			match = func(time.Time) bool { return false }
		}
		q.dates[c] = match
	}
	return match
}

// idMatches compares with an id object. The text of an identifier is parsed by the server and thereby upper-cased.
func (q *searcher) idMatches(id *object, a *attributes) bool {
	switch {
	case id == nil:
		return false
	case id.class.Type == "as.dto.person.id.Me":
		return a.permID == q.person.UserID
	case id.text("identifier") != "":
		return a.identifier != nil && strings.ToUpper(id.text("identifier")) == a.identifier()
	case id.class.Type == "as.dto.vocabulary.id.VocabularyTermPermId":
		return id.text("code") == a.code && id.text("vocabularyCode") == a.more["vocabulary"]
	case id.class.Type == "as.dto.space.id.SpaceTechId":
		return id.text("id") == a.more["techid"]
	case id.text("code") != "":
		return id.text("code") == a.code
	}
	return id.text("permId") == a.permID
}

func (q *searcher) personMatches(c *object, p *Person) bool {
	return p != nil && q.group(c, func(child *object) bool { return q.attribute(child, personAttributes(p)) })
}

func personAttributes(p *Person) *attributes {
	return &attributes{
		engine: memoryEngine, code: p.UserID, permID: p.UserID, registered: p.Registered, modified: p.Registered,
		more: map[string]string{"userid": p.UserID, "firstname": p.FirstName, "lastname": p.LastName, "email": p.Email},
	}
}

func tagAttributes(t *Tag) *attributes {
	permID := t.Code
	if t.Owner != nil {
		permID = "/" + t.Owner.UserID + "/" + t.Code
	}
	return &attributes{code: t.Code, permID: permID, registered: t.Registered, modified: t.Registered}
}

// tagVisible tells whether the tag is the person's own. Tags are private (openBIS source, TagTranslator.java).
func (s *Server) tagVisible(p *Person, t *Tag) bool {
	return t.Owner == nil || t.Owner == p || s.allTags
}

func (q *searcher) tagVisible(t *Tag) bool { return q.s.tagVisible(q.person, t) }

func (q *searcher) anyMatches(c *object, a *attributes, attributesToo bool) bool {
	text := q.text(c, memoryEngine)
	for _, v := range a.properties {
		if text(v) {
			return true
		}
	}
	if !attributesToo {
		return false
	}
	if text(a.code) || text(a.permID) || a.identifier != nil && text(a.identifier()) {
		return true
	}
	for _, v := range a.more {
		if text(v) {
			return true
		}
	}
	return false
}
