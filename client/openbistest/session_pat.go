package openbistest

import (
	"regexp"
	"slices"
	"time"
)

// maxPATValidity is the server's default of personal-access-tokens-max-validity-period.
const maxPATValidity = 30 * 24 * time.Hour

// personalAccessToken is a personal access token; its hash is the secret.
type personalAccessToken struct {
	Hash        string
	Owner       *Person
	SessionName string
	From, To    time.Time
	Registered  time.Time
	Accessed    time.Time
}

// patKey says which personal access tokens share a session.
type patKey struct{ owner, sessionName string }

// patPattern is the well-formedness check of PersonalAccessTokenHash.java of openBIS, which a user id with a dash fails.
var patPattern = regexp.MustCompile(`^\$pat-[^-]+-[0-9]{15}x[0-9A-F]{32}$`)

// convert turns a known personal access token into the token of its session. Anything else stays as it is.
func (m *sessions) convert(token string) (string, *personalAccessToken, error) {
	if m.s.opts.NoPersonalAccessTokens || !patPattern.MatchString(token) {
		return token, nil, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	pat := m.pats[token]
	if pat == nil {
		return token, nil, nil
	}
	now := m.s.now()
	if now.Before(pat.From) {
		return "", pat, invalidSession("Personal access token is not yet valid.")
	}
	if now.After(pat.To) {
		return "", pat, invalidSession("Personal access token is no longer valid.")
	}
	pat.Accessed = now
	return m.shared[patKey{pat.Owner.UserID, pat.SessionName}].Token, pat, nil
}

// createPAT creates a personal access token. A validity beyond the maximum is silently cut.
func (m *sessions) createPAT(owner *Person, sessionName string, from, to time.Time) (*personalAccessToken, error) {
	now := m.s.now()
	switch {
	case sessionName == "":
		return nil, userFailure("Session name cannot be empty.")
	case from.IsZero():
		return nil, userFailure("Valid from date cannot be null.")
	case to.IsZero():
		return nil, userFailure("Valid to date cannot be null.")
	case to.Before(now):
		return nil, userFailure("Valid to date cannot be in the past.")
	case !to.After(from):
		return nil, userFailure("Valid to date has to be after valid from date.")
	}
	if to.Sub(from) > maxPATValidity {
		to = from.Add(maxPATValidity)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	pat := &personalAccessToken{
		Hash: "$pat-" + m.newToken(owner.UserID), Owner: owner, SessionName: sessionName,
		From: from, To: to, Registered: now,
	}
	m.pats[pat.Hash] = pat
	m.patIDs = append(m.patIDs, pat.Hash)
	key := patKey{owner.UserID, sessionName}
	if m.shared[key] == nil {
		s := &session{
			Token: m.newToken(owner.UserID), Person: owner, Creator: owner, PATName: sessionName, isPAT: true, used: now,
		}
		m.shared[key] = s
		m.byToken[s.Token] = s
	}
	return pat, nil
}

// patsOf returns the personal access tokens of the person, or only the one in use.
func (m *sessions) patsOf(p *Person, inUse *personalAccessToken) []*personalAccessToken {
	m.mu.Lock()
	defer m.mu.Unlock()
	var pats []*personalAccessToken
	for _, hash := range m.patIDs {
		if pat := m.pats[hash]; pat.Owner == p && (inUse == nil || pat == inUse) {
			pats = append(pats, pat)
		}
	}
	return slices.Clip(pats)
}
