package openbistest

import (
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"time"
)

// webSessions are the servlet sessions of the download servlet, found by the cookie JSESSIONID.
type webSessions struct {
	s    *Server
	mu   sync.Mutex
	byID map[string]*webSession
	// trusted are the openBIS tokens that were once found valid. The application server is not asked again until it
	// reports the end of the session (openBIS source, OpenbisSessionTokenCache.java).
	trusted map[string]bool
}

// webSession is a servlet session: the last openBIS token that was given and what it was found to give access to.
type webSession struct {
	token      string
	accessible map[string]bool // by data set code, never false
	used       time.Time
}

// webSessionTime is how long an idle servlet session lives: session-timeout of the shipped configuration.
const webSessionTime = 720 * time.Minute

func (m *webSessions) init(s *Server) {
	m.s = s
	m.byID = make(map[string]*webSession)
	m.trusted = make(map[string]bool)
}

// find returns the session of the request's cookie; without one, a new session when a token was given. It returns nil when there is
// no session or when its openBIS token is not valid (openBIS source, AbstractDatasetDownloadServlet.java).
func (m *webSessions) find(w http.ResponseWriter, r *http.Request, token *string) *webSession {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.s.now()
	var session *webSession
	if cookie, err := r.Cookie("JSESSIONID"); err == nil {
		session = m.byID[cookie.Value]
		if session != nil && now.Sub(session.used) > webSessionTime {
			delete(m.byID, cookie.Value)
			session = nil
		}
	}
	if session == nil {
		if token == nil {
			return nil
		}
		session = &webSession{accessible: make(map[string]bool)}
		id := "node0" + strings.ToLower(rand.Text()) + "0.node0"
		m.byID[id] = session
		w.Header().Set("Set-Cookie", "JSESSIONID="+id+"; Path=/; HttpOnly")
		w.Header().Set("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")
	}
	session.used = now
	if token != nil {
		session.token = *token
	}
	if !m.isValid(session.token) {
		return nil
	}
	return session
}

// isValid tells whether the token is taken for valid.
func (m *webSessions) isValid(token string) bool {
	if m.trusted[token] {
		if active, err := m.s.sessions.isActive(token); active && err == nil || m.s.dss.isLost(token) {
			return true
		}
		delete(m.trusted, token)
		return false
	}
	if _, err := m.s.session(token); err != nil {
		return false
	}
	m.trusted[token] = true
	return true
}

// mayAccess tells whether the data set may be delivered in the session. Good verdicts are remembered by code alone, bad ones are not.
func (m *webSessions) mayAccess(ds *dataStoreServer, session *webSession, code string, token *string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if session.accessible[code] {
		return true, nil
	}
	if token == nil {
		return false, newException("ch.systemsx.cisd.common.exceptions.EnvironmentFailureException", "Session id not specified in the URL")
	}
	if ds.checkAccess(*token, code) != nil {
		return false, nil
	}
	session.accessible[code] = true
	return true, nil
}

// WebSessions returns how many servlet sessions the clients of the download servlets hold open. A client
// without a cookie jar opens one with every request.
func (s *Server) WebSessions() int {
	n := 0
	for _, ds := range s.dss.all {
		ds.web.mu.Lock()
		n += len(ds.web.byID)
		ds.web.mu.Unlock()
	}
	return n
}
