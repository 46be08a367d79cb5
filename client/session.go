package client

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// credential is what calls identify themselves with. Each renewal makes a new generation.
type credential struct {
	token      string // of v3 calls: of a session, or a personal access token
	real       string // of v1 calls, downloads and file-transfer: always of a session; "" while not known
	generation int
}

// session is the client's session with the server. A session dies at any time: it was idle too long, the server was
// restarted, or other logins of the same user have pushed it out (five is the usual cap). Whoever notices has it
// renewed, once for all callers together.
type session struct {
	mu      sync.Mutex
	current credential
	pat     bool // the token is a personal access token
	own     bool // we have logged in, so we log out
	refused refusal
	flight  singleflight.Group
}

// refusal remembers that the server did not accept the password, so that a mount whose password has changed does not
// lock the account with a login for every listing.
type refusal struct {
	err   error
	until time.Time
}

const refusalTime = 30 * time.Second

// patPrefix is how personal access tokens start (openBIS source, PersonalAccessTokenHash.java).
const patPrefix = "$pat-"

func isPersonalAccessToken(token string) bool { return strings.HasPrefix(token, patPrefix) }

// credential returns the current credential, after a login if there is none. With needReal it has a session's token.
func (c *Client) credential(ctx context.Context, needReal bool) (credential, error) {
	s := &c.session
	s.mu.Lock()
	cred := s.current
	s.mu.Unlock()
	if cred.token == "" || needReal && cred.real == "" {
		return c.renew(ctx, cred)
	}
	return cred, nil
}

// renew replaces a credential that has proved dead or incomplete. Callers that come with the same one share the work;
// callers that come late get what the others got. A caller's ctx ends its wait and not the work.
func (c *Client) renew(ctx context.Context, stale credential) (credential, error) {
	s := &c.session
	for {
		s.mu.Lock()
		current := s.current
		s.mu.Unlock()
		if current.generation > stale.generation {
			return current, nil
		}
		done := s.flight.DoChan("", func() (any, error) {
			if !c.begin() {
				return nil, &Error{Op: "login", Err: context.Canceled, Message: "the client is closed"}
			}
			defer c.tasks.Done()
			return nil, c.obtain(c.life, stale)
		})
		select {
		case r := <-done:
			if r.Err != nil {
				return credential{}, r.Err
			}
		case <-ctx.Done():
			return credential{}, &Error{Op: "login", Err: ctx.Err()}
		}
	}
}

// begin tells whether the client is still open and has Close wait for what begins. It is followed by tasks.Done.
func (c *Client) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.tasks.Add(1)
	return true
}

// obtain gets a new credential in the ways that the options allow.
func (c *Client) obtain(ctx context.Context, stale credential) error {
	s := &c.session
	s.mu.Lock()
	fresh, pat, refused := s.current, s.pat, s.refused
	s.mu.Unlock()
	if fresh.generation > stale.generation {
		return nil // another flight has landed in between
	}
	fresh.generation++
	mayLogIn := c.opts.User != "" && c.opts.Password != nil

	err := error(&Error{Op: "session", Err: ErrUnauthenticated, Message: "the session has ended, and there is only its token"})
	if pat {
		fresh.real, err = c.realToken(ctx, fresh.token)
		pat = err == nil || !mayLogIn || !errors.Is(err, ErrUnauthenticated)
	}
	own := false
	if !pat && mayLogIn {
		if refused.err != nil && time.Now().Before(refused.until) {
			return refused.err
		}
		fresh.token, err = c.login(ctx)
		fresh.real, own = fresh.token, true
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if own && errors.Is(err, ErrUnauthenticated) {
			s.refused = refusal{err, time.Now().Add(refusalTime)}
		}
		return err
	}
	if own && stale.token != "" {
		c.log.Info("logged in again, the session had ended", "user", c.opts.User)
	}
	s.current, s.pat, s.own, s.refused = fresh, pat, own, refusal{}
	return nil
}

// login logs in with user and password and returns the session's token.
func (c *Client) login(ctx context.Context) (string, error) {
	e := Error{Op: "login", Subject: c.opts.User}
	password, err := c.opts.Password(ctx)
	if err != nil {
		e.Err, e.cause = ErrUnauthenticated, err
		return "", &e
	}
	if password == "" {
		e.Err, e.Message = ErrUnauthenticated, "the password is empty"
		return "", &e
	}
	d, err := c.invoke(ctx, c.asURL(asV3), "login", c.opts.User, password)
	if err != nil {
		return "", hide(err, password)
	}
	if d.root.kind == null {
		e.Err, e.Message = ErrUnauthenticated, "wrong user or password"
		return "", &e
	}
	if d.root.kind != text || d.root.text == "" {
		e.Err, e.Message = ErrProtocol, "the token is no text"
		return "", &e
	}
	return strings.Clone(d.root.text), nil
}

// realToken returns the token of the session behind a personal access token. The v1 services and file-transfer
// want that, and the others need not look up the session each time.
func (c *Client) realToken(ctx context.Context, pat string) (string, error) {
	d, err := c.invoke(ctx, c.asURL(asV3), "getSessionInformation", pat)
	if err != nil {
		return "", hide(err, pat)
	}
	token := d.result().text("sessionToken")
	if token == "" {
		return "", &Error{Op: "getSessionInformation", Err: ErrProtocol, Message: "no session token"}
	}
	return token, nil
}

// drop forgets the session and returns its token if there is one to log out: that of the client's own login, or any with
// all. A personal access token cannot be logged out.
func (s *session) drop(all bool) (token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.own || all && !s.pat {
		token = s.current.token
	}
	s.current, s.own = credential{generation: s.current.generation}, false
	return token
}

// logout ends a session at the server.
func (c *Client) logout(ctx context.Context, token string) error {
	if token == "" {
		return nil
	}
	_, err := c.invoke(ctx, c.asURL(asV3), "logout", token)
	return hide(err, token)
}

// lastingToken returns the token of a session that was there before this client and will be after it, "" when the session
// is the client's own.
func (c *Client) lastingToken(ctx context.Context) string {
	if c.opts.Token == "" {
		return ""
	}
	cred, err := c.credential(ctx, true)
	s := &c.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || s.own {
		return ""
	}
	return cred.real
}

// service is a JSON-RPC endpoint.
type service struct {
	url      string
	needReal bool // takes no personal access token
}

func (c *Client) v3() service { return service{url: c.asURL(asV3)} }
func (c *Client) v1() service { return service{url: c.asURL(asV1), needReal: true} }

// call invokes a method with the session's token as first parameter. When the session turns out to be dead, it is renewed
// and the call is repeated once: the server has not carried it out.
func (c *Client) call(ctx context.Context, s service, method string, params ...any) (*document, error) {
	return withSession(ctx, c, s.needReal, func(cred credential) (*document, error) {
		token := cred.token
		if s.needReal {
			token = cred.real
		}
		return c.invoke(ctx, s.url, method, append([]any{token}, params...)...)
	})
}

// withSession runs do with a credential, and once more with a new one when it fails because the session is dead.
func withSession[T any](ctx context.Context, c *Client, needReal bool, do func(credential) (T, error)) (T, error) {
	var zero T
	cred, err := c.credential(ctx, needReal)
	if err != nil {
		return zero, err
	}
	t, err := do(cred)
	err = hide(err, cred.token, cred.real)
	if err == nil || !errors.Is(err, ErrUnauthenticated) {
		return t, err
	}
	fresh, renewErr := c.renew(ctx, cred)
	if renewErr != nil {
		var e *Error
		if errors.As(renewErr, &e) && e.Op == "session" {
			return zero, err // nothing to renew it with: the server's own words say more
		}
		return zero, renewErr
	}
	t, err = do(fresh)
	return t, hide(err, fresh.token, fresh.real)
}
