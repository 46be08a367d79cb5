package openbistest

import (
	"cmp"
	"slices"
	"strconv"
)

// addSessionMethods adds what concerns sessions and the server itself.
func (as *applicationServer) addSessionMethods(methods map[string]method) {
	m := &as.s.sessions
	methods["login"] = method{params: []paramType{textParam, textParam}, call: as.login}
	methods["loginAs"] = method{params: []paramType{textParam, textParam, textParam}, call: func([]any) (any, error) {
		return nil, nil // no user is an instance administrator
	}}
	methods["loginAsAnonymousUser"] = method{call: func([]any) (any, error) { return nil, nil }}
	methods["logout"] = method{params: []paramType{textParam}, call: func(args []any) (any, error) {
		return nil, m.logout(argText(args[0]))
	}}
	methods["isSessionActive"] = method{params: []paramType{textParam}, call: func(args []any) (any, error) {
		token, pat, err := m.convert(argText(args[0]))
		if pat != nil && err != nil {
			return false, nil
		}
		return m.isActive(token)
	}}
	methods["getSessionInformation"] = method{params: []paramType{textParam}, call: as.sessionInformation}
	methods["getServerInformation"] = method{params: []paramType{textParam}, call: as.withSession(func(*session, []any) (any, error) {
		return as.serverInformation(false), nil
	})}
	methods["getServerPublicInformation"] = method{call: func([]any) (any, error) { return as.serverInformation(true), nil }}
	methods["getMajorVersion"] = constantMethod(3)
	methods["getMinorVersion"] = method{call: func([]any) (any, error) { return as.minorVersion(), nil }}
}

func constantMethod(result any) method {
	return method{call: func([]any) (any, error) { return result, nil }}
}

// minorVersion is the second number of the API version.
func (as *applicationServer) minorVersion() int {
	version := as.s.opts.APIVersion
	for i := range version {
		if version[i] == '.' {
			n, _ := strconv.Atoi(version[i+1:])
			return n
		}
	}
	return 0
}

// login answers a wrong password with null, not with an error.
func (as *applicationServer) login(args []any) (any, error) {
	session, err := as.s.sessions.login(argText(args[0]), argText(args[1]))
	if err != nil || session == nil {
		return nil, err
	}
	return session.Token, nil
}

// sessionFetch are the fetch options that GetSessionInformationExecutor.java of openBIS uses.
func sessionFetch() *fetchOptions {
	person := func() *object {
		return &object{class: classes[fetchTypeOf("person.Person", "FetchOptions")], fields: map[string]any{}}
	}
	return newFetchOptions(&object{
		class:  classes[fetchTypeOf("session.SessionInformation", "FetchOptions")],
		fields: map[string]any{"person": person(), "creatorPerson": person()},
	})
}

func (as *applicationServer) sessionInformation(args []any) (any, error) {
	session, err := as.s.resolveToken(argText(args[0]))
	if err != nil {
		return nil, err
	}
	return &answer{as.s, session.Person, func(t *translation) {
		fo := sessionFetch()
		t.start(session, fo, "as.dto.session.SessionInformation")
		t.str("sessionToken", session.Token)
		t.str("userName", session.Person.UserID)
		t.raw(`"homeGroupCode":null`)
		t.flag("personalAccessTokenSession", session.isPAT)
		t.textOrNull("personalAccessTokenSessionName", session.PATName)
		t.personOf("person", session.Person, fo.get("person"))
		t.personOf("creatorPerson", session.Creator, fo.get("creatorPerson"))
		t.end('}')
	}}, nil
}

// serverInformation is a map from text to text or null, ordered by key.
func (as *applicationServer) serverInformation(public bool) orderedMap {
	info := orderedMap{{"authentication-service", "file-authentication-service"}, {"openbis.support.email", nil}}
	if public {
		info = append(info, orderedMap{
			{"authentication-service.switch-aai.label", nil}, {"authentication-service.switch-aai.link", nil},
		}...)
	} else {
		info = append(info, orderedMap{
			{"api-version", as.s.opts.APIVersion},
			{"archiving-configured", "true"},
			{"create-continuous-sample-codes", "true"},
			{"enabled-technologies", "eln-lims"},
			{"openbis-version", "20.10.7"},
			{"personal-access-tokens-enabled", strconv.FormatBool(!as.s.opts.NoPersonalAccessTokens)},
			{"personal-access-tokens-max-validity-period", strconv.Itoa(int(maxPATValidity.Seconds()))},
			{"personal-access-tokens-validity-warning-period", "259200"},
			{"project-samples-enabled", "true"},
		}...)
	}
	slices.SortFunc(info, func(a, b field) int { return cmp.Compare(a.Name, b.Name) })
	return info
}
