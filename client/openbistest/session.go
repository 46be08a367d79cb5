package openbistest

import (
	"crypto/rand"
	"fmt"
	"sync"
	"time"
)

// session is one login.
type session struct {
	Token   string
	Person  *Person
	Creator *Person
	// PATName is the session name of a session behind personal access tokens, else "".
	PATName string
	isPAT   bool
	used    time.Time
	turn    int64 // of its last use, among all sessions
	expired bool
}

// sessions is the session manager that all endpoints share.
type sessions struct {
	s       *Server
	mu      sync.Mutex
	turns   int64
	byToken map[string]*session
	pats    map[string]*personalAccessToken
	patIDs  []string // in the order of creation
	shared  map[patKey]*session
}

func (m *sessions) init(s *Server) {
	m.s = s
	m.byToken = make(map[string]*session)
	m.pats = make(map[string]*personalAccessToken)
	m.shared = make(map[patKey]*session)
}

// newToken returns a token as SessionTokenHash.java of openBIS makes it: "<user>-<yyMMddHHmmssSSS>x<32 upper-case hex digits>".
func (m *sessions) newToken(user string) string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	now := m.s.now()
	return fmt.Sprintf("%s-%s%03dx%X", user, now.Format("060102150405"), now.Nanosecond()/int(time.Millisecond), random)
}

// Login opens a session for the user, without a password, and returns its token.
func (s *Server) Login(user string) string {
	p := s.person(user)
	if p == nil {
		panic(fmt.Sprintf("openbistest: no user %q in the lab", user))
	}
	return s.sessions.open(p).Token
}

// ExpireSessions lets all sessions run out, as if nobody had used them for the session timeout.
func (s *Server) ExpireSessions() {
	m := &s.sessions
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, session := range m.byToken {
		if !session.isPAT {
			session.expired = true
			s.dss.cleanUp(session.Token)
		}
	}
}

// Sessions returns how many sessions are open.
func (s *Server) Sessions() int {
	m := &s.sessions
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, session := range m.byToken {
		if !m.isOver(session) {
			n++
		}
	}
	return n
}

func (s *Server) person(user string) *Person {
	for _, p := range s.Lab.Persons {
		if p.UserID == user {
			return p
		}
	}
	return nil
}

// login is the login of a user with a password: nil without an error for a wrong one.
func (m *sessions) login(user, password string) (*session, error) {
	if user == "" {
		return nil, userFailure("No 'user' specified.")
	}
	if password == "" {
		return nil, userFailure("No 'password' specified.")
	}
	p := m.s.person(user)
	if p == nil || p.Password != password {
		return nil, nil
	}
	if p.NoRoles {
		return nil, userFailure("User '%s' is not permitted to login.", user)
	}
	return m.open(p), nil
}

// open opens a session. When the user has too many, the one that was not used for the longest time is closed.
func (m *sessions) open(p *Person) *session {
	m.mu.Lock()
	defer m.mu.Unlock()
	if limit := m.s.opts.MaxSessionsPerUser; limit > 0 {
		var mine []*session
		for _, s := range m.byToken {
			if s.Person == p && !s.isPAT {
				mine = append(mine, s)
			}
		}
		for len(mine) >= limit {
			oldest := 0
			for i, s := range mine {
				if s.turn < mine[oldest].turn {
					oldest = i
				}
			}
			m.end(mine[oldest].Token)
			mine = append(mine[:oldest], mine[oldest+1:]...)
		}
	}
	m.turns++
	s := &session{Token: m.newToken(p.UserID), Person: p, Creator: p, used: m.s.now(), turn: m.turns}
	m.byToken[s.Token] = s
	return s
}

func (m *sessions) isOver(s *session) bool {
	return !s.isPAT && (s.expired || m.s.now().Sub(s.used) > m.s.opts.SessionTimeout)
}

// logout closes the session. An unknown token is not an error.
func (m *sessions) logout(token string) error {
	if err := m.checkNotEmpty(token); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.byToken[token]; s != nil && !s.isPAT {
		m.end(token)
	}
	return nil
}

// end forgets a session and lets the data stores clean up after it. The caller holds the lock.
func (m *sessions) end(token string) {
	delete(m.byToken, token)
	m.s.dss.cleanUp(token)
}

func (m *sessions) checkNotEmpty(token string) error {
	switch {
	case token != "":
		return nil
	case m.s.opts.NoPersonalAccessTokens:
		return userFailure("No 'sessionToken' specified.")
	default:
		return userFailure("Hash cannot be empty.")
	}
}

// session returns the session of a session token and resets its idle clock. The first use of a session that
// has run out gets another message than the later ones.
func (s *Server) session(token string) (*session, error) {
	return s.sessions.get(token, true)
}

func (m *sessions) get(token string, touch bool) (*session, error) {
	if err := m.checkNotEmpty(token); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.byToken[token]
	if s == nil {
		return nil, invalidSession("Session token '%s' is invalid: user is not logged in.", token)
	}
	if m.isOver(s) {
		m.end(token)
		return nil, invalidSession("Session no longer available. Please login again.")
	}
	if touch {
		m.turns++
		s.used, s.turn = m.s.now(), m.turns
	}
	return s, nil
}

// isActive tells whether the session exists, without extending it.
func (m *sessions) isActive(token string) (bool, error) {
	if err := m.checkNotEmpty(token); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.byToken[token]
	return s != nil && !m.isOver(s), nil
}

// resolveToken is [Server.session] for the endpoints that also accept personal access tokens.
func (s *Server) resolveToken(token string) (*session, error) {
	token, _, err := s.sessions.convert(token)
	if err != nil {
		return nil, err
	}
	return s.session(token)
}
