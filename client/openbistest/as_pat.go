package openbistest

import "time"

func init() {
	define("as.dto.pat.create.PersonalAccessTokenCreation", map[string]paramType{
		"ownerId": objectParam("as.dto.person.id.IPersonId"), "sessionName": textParam, "validFromDate": dateParam, "validToDate": dateParam,
	})
}

// addTokenMethods adds what concerns personal access tokens.
func (as *applicationServer) addTokenMethods(methods map[string]method) {
	methods["createPersonalAccessTokens"] = method{
		params: []paramType{textParam, listParam(objectParam("as.dto.pat.create.PersonalAccessTokenCreation"))},
		call:   as.withToken(as.createTokens),
	}
	methods["searchPersonalAccessTokens"] = method{
		params: []paramType{textParam, searchParam("pat.PersonalAccessToken"), fetchParam("pat.PersonalAccessToken")},
		call:   as.withToken(as.searchTokens),
	}
	methods["getPersonalAccessTokens"] = method{
		params: []paramType{textParam, idParam("pat", "PersonalAccessToken"), fetchParam("pat.PersonalAccessToken")},
		call:   as.withToken(as.getTokens),
	}
}

// withToken is withSession for the methods that care which personal access token is used.
func (as *applicationServer) withToken(call func(*session, *personalAccessToken, []any) (any, error)) func([]any) (any, error) {
	return func(args []any) (any, error) {
		if as.s.opts.NoPersonalAccessTokens {
			return nil, userFailure("Personal access tokens are disabled")
		}
		_, pat, err := as.s.sessions.convert(argText(args[0]))
		if err != nil {
			return nil, err
		}
		return as.withSession(func(session *session, args []any) (any, error) { return call(session, pat, args) })(args)
	}
}

func (as *applicationServer) createTokens(session *session, inUse *personalAccessToken, args []any) (any, error) {
	if inUse != nil {
		return nil, userFailure("Personal access tokens cannot be used to manage personal access tokens.")
	}
	creations, _ := args[0].([]any)
	ids := []any{}
	for _, c := range objectsOf(creations) {
		from, _ := c.fields["validFromDate"].(time.Time)
		to, _ := c.fields["validToDate"].(time.Time)
		if owner := c.object("ownerId"); owner != nil && owner.class.Type != "as.dto.person.id.Me" && owner.text("permId") != session.Person.UserID {
			return nil, userFailure("User '%s' cannot create a personal access token for user '%s'.", session.Person.UserID, owner.text("permId"))
		}
		pat, err := as.s.sessions.createPAT(session.Person, c.text("sessionName"), from, to)
		if err != nil {
			return nil, err
		}
		ids = append(ids, &bean{Type: "as.dto.pat.id.PersonalAccessTokenPermId", Fields: []field{{"permId", pat.Hash}}})
	}
	return ids, nil
}

func (as *applicationServer) searchTokens(session *session, inUse *personalAccessToken, args []any) (any, error) {
	s := search[*personalAccessToken]{
		find: func(q *searcher, c *object) []*personalAccessToken {
			return filter(as.s.sessions.patsOf(session.Person, inUse), func(p *personalAccessToken) bool { return q.pat(c, p) })
		},
		keys: patKeyOf, inMemory: true, write: (*translation).writePAT,
	}
	return s.run(as, session.Person, argObject(args[0]), argObject(args[1]))
}

func (as *applicationServer) getTokens(session *session, inUse *personalAccessToken, args []any) (any, error) {
	ids, _ := args[0].([]any)
	g := get[*personalAccessToken]{
		find: func(_ *Person, id *object) (*personalAccessToken, error) {
			for _, pat := range as.s.sessions.patsOf(session.Person, inUse) {
				if pat.Hash == id.text("permId") {
					return pat, nil
				}
			}
			return nil, nil
		},
		write: (*translation).writePAT,
	}
	return g.run(as, session.Person, ids, argObject(args[1]))
}

func patKeyOf(p *personalAccessToken, field string) (any, bool) {
	return entityKey(field, p.Hash, p.Hash, p.Registered, p.Registered)
}

func (t *translation) writePAT(p *personalAccessToken, fo *fetchOptions) {
	if !t.start(p, fo, "as.dto.pat.PersonalAccessToken") {
		return
	}
	t.id("permId", "as.dto.pat.id.PersonalAccessTokenPermId", p.Hash)
	t.str("hash", p.Hash)
	t.str("sessionName", p.SessionName)
	t.name("validFromDate")
	t.date(p.From)
	t.name("validToDate")
	t.date(p.To)
	t.personOf("owner", p.Owner, fo.get("owner"))
	t.personOf("registrator", p.Owner, fo.get("registrator"))
	t.personOf("modifier", p.Owner, fo.get("modifier"))
	t.name("registrationDate")
	t.date(p.Registered)
	t.name("modificationDate")
	t.date(p.Registered)
	t.name("accessDate")
	t.date(p.Accessed)
	t.end('}')
}
