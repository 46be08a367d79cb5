package openbistest

import "strings"

// translation writes entities as the server's translators make them: one instance per entity and shape of fetch options
// (openBIS source, TranslationCache.java), only what may be seen, only what was asked for.
type translation struct {
	*jsonWriter
	s      *Server
	person *Person
	owner  instance // the entity type whose assignments are being written
}

// answer is a result that is written by a translation.
type answer struct {
	s      *Server
	person *Person
	write  func(t *translation)
}

var _ jsonValue = (*answer)(nil)

func (a *answer) writeJSON(w *jsonWriter) {
	a.write(&translation{jsonWriter: w, s: a.s, person: a.person})
}

// instance is the identity of what a translator made: in which translation, of which entity, with what fetched.
type instance struct {
	of     *translation
	entity any
	shape  int
}

// start begins an entity with fetch options of its own. It returns false when there is nothing more to write.
func (t *translation) start(entity any, fo *fetchOptions, typ string) bool {
	if !t.open(instance{t, entity, fo.shape}, typ) {
		return false
	}
	t.ownFetchOptions(fo)
	return true
}

// startShared is start for the classes whose translators keep the request's fetch options.
func (t *translation) startShared(entity any, fo *fetchOptions, typ string) bool {
	if !t.open(instance{t, entity, fo.shape}, typ) {
		return false
	}
	t.name("fetchOptions")
	t.fetchOptions(fo)
	return true
}

// id writes a field with an id object, which is never shared.
func (t *translation) id(name, typ, text string) {
	t.name(name)
	t.openNew(typ)
	part := "permId"
	if strings.HasSuffix(typ, "Identifier") {
		part = "identifier"
	}
	t.name(part)
	t.text(text)
	t.end('}')
}

// textOrNull writes a field with a text, null for the empty one.
func (t *translation) textOrNull(name, text string) {
	t.name(name)
	if text == "" {
		t.null()
	} else {
		t.text(text)
	}
}

// str, num, flag write fields.
func (t *translation) str(name, text string)       { t.name(name); t.text(text) }
func (t *translation) flag(name string, flag bool) { t.name(name); t.bool(flag) }

// empty writes relations that no simulated lab has: an empty list when they were asked for, else null.
func (t *translation) empty(fo *fetchOptions, names ...string) {
	for _, name := range names {
		t.name(name)
		if fo.get(name) != nil {
			t.raw("[]")
		} else {
			t.null()
		}
	}
}

// emptyMaps is empty for relations that are maps.
func (t *translation) emptyMaps(fo *fetchOptions, names ...string) {
	for _, name := range names {
		t.name(name)
		if fo.get(name) != nil {
			t.raw("{}")
		} else {
			t.null()
		}
	}
}

// many writes a field with a to-many relation: null when it was not asked for, else what may be seen, in order.
func many[T any](t *translation, name string, fo *fetchOptions, list []T, keys sortKeys[T], visible func(T) bool, write func(T, *fetchOptions)) {
	t.name(name)
	if fo == nil {
		t.null()
		return
	}
	var seen []T
	for _, e := range list {
		if visible == nil || visible(e) {
			seen = append(seen, e)
		}
	}
	sorted, err := sortAndPage(seen, fo, keys, true)
	if err != nil {
		sorted = page(seen, fo)
	}
	t.begin('[')
	for _, e := range sorted {
		write(e, fo)
	}
	t.end(']')
}

// properties writes a property map: null when it was not asked for.
func (t *translation) properties(fo *fetchOptions, properties map[string]string) {
	t.name("properties")
	if fo == nil {
		t.null()
		return
	}
	codes := make([]string, 0, len(properties))
	for code := range properties {
		codes = append(codes, code)
	}
	t.begin('{')
	for _, code := range javaStringOrder(codes) {
		t.key(code)
		t.text(properties[code])
	}
	t.end('}')
}

// personOf writes a field with a person.
func (t *translation) personOf(name string, p *Person, fo *fetchOptions) {
	t.name(name)
	if p == nil || fo == nil {
		t.null()
		return
	}
	t.writePerson(p, fo)
}

func (t *translation) writePerson(p *Person, fo *fetchOptions) {
	if !t.start(p, fo, "as.dto.person.Person") {
		return
	}
	t.id("permId", "as.dto.person.id.PersonPermId", p.UserID)
	t.str("userId", p.UserID)
	t.textOrNull("firstName", p.FirstName)
	t.textOrNull("lastName", p.LastName)
	t.textOrNull("email", p.Email)
	t.name("registrationDate")
	t.date(p.Registered)
	t.flag("active", true)
	t.raw(`"space":null,"registrator":null`)
	t.empty(fo, "roleAssignments")
	t.raw(`"webAppSettings":null`)
	t.end('}')
}

// tags writes the person's own tags.
func (t *translation) tags(fo *fetchOptions, tags []*Tag) {
	own := func(tag *Tag) bool { return t.s.tagVisible(t.person, tag) }
	many(t, "tags", fo, tags, tagKey, own, t.writeTag)
}

func (t *translation) writeTag(tag *Tag, fo *fetchOptions) {
	if !t.start(tag, fo, "as.dto.tag.Tag") {
		return
	}
	permID := tag.Code
	if tag.Owner != nil {
		permID = "/" + tag.Owner.UserID + "/" + tag.Code
	}
	t.id("permId", "as.dto.tag.id.TagPermId", permID)
	t.str("code", tag.Code)
	t.textOrNull("description", tag.Description)
	t.empty(fo, "experiments", "samples", "dataSets", "materials")
	t.name("registrationDate")
	t.date(tag.Registered)
	t.personOf("owner", tag.Owner, fo.get("owner"))
	t.flag("private", true)
	t.end('}')
}
