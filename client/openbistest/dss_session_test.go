package openbistest

import (
	"net/http"
	"regexp"
	"testing"
	"time"
)

func TestEveryRequestWithoutCookieOpensAServletSession(t *testing.T) {
	s := NewServer(t, Options{Lab: errorLab().Lab})
	c := newStoreClient(t, s, "bob")
	jar := c.http.Jar
	c.http.Jar = nil
	for range 3 {
		a := c.get("D-1/original/f")
		if got := a.Header.Get("Set-Cookie"); !regexp.MustCompile(`^JSESSIONID=[^;]+; Path=/; HttpOnly$`).MatchString(got) {
			t.Errorf("Set-Cookie %q", got)
		}
	}
	if n := s.WebSessions(); n != 3 {
		t.Errorf("%d servlet sessions, want 3", n)
	}
	c.http.Jar = jar
	for range 3 {
		c.get("D-1/original/f")
	}
	if n := s.WebSessions(); n != 4 {
		t.Errorf("%d servlet sessions, want one more for all requests with the cookie", n)
	}
}

func TestWarmCookieServesWithoutSessionID(t *testing.T) {
	s := NewServer(t, Options{Lab: errorLab().Lab})
	c := newStoreClient(t, s, "bob")
	c.get("D-1/original/f")
	bare := func(path string) storeAnswer { return c.do(http.MethodGet, c.url+"/"+path, nil) }
	if a := bare("D-1/original/f"); a.body != "x" {
		t.Errorf("data set in the cache: %q", a.body)
	}
	wantPage(t, bare("D-ARCHIVED/original/f"), htmlType, htmlError("Session id not specified in the URL"))
}

func TestGoodVerdictsLiveAsLongAsTheServletSession(t *testing.T) {
	clock := newTestClock()
	lab := errorLab()
	s := NewServer(t, Options{Lab: lab.Lab, Clock: clock.now, SessionTimeout: 100 * time.Hour})
	c := newStoreClient(t, s, "bob")
	c.get("D-1/original/f")
	s.Change(func(*Lab) { s.person("bob").Spaces = []string{} })
	if a := c.get("D-1/original/f"); a.body != "x" {
		t.Errorf("revoked, but remembered: %q", a.body)
	}
	clock.advance(13 * time.Hour)
	wantPage(t, c.get("D-1/original/f"), htmlType, htmlError("Data set 'D-1' is not accessible."))
	s.Change(func(*Lab) { s.person("bob").Spaces = nil })
	if a := c.get("D-1/original/f"); a.body != "x" { // bad verdicts are not remembered
		t.Errorf("granted again: %q", a.body)
	}
}

func TestTokenOfALostSessionIsFoundOutLate(t *testing.T) {
	s := NewServer(t, Options{Lab: errorLab().Lab})
	c := newStoreClient(t, s, "alice")
	c.get("D-1/original/f")
	s.LoseSessions()
	if a := c.get("D-1/original/f"); a.body != "x" {
		t.Errorf("data set in the cache: %q", a.body)
	}
	wantPage(t, c.get("D-CLOSED/original/f"), htmlType, htmlError("Data set 'D-CLOSED' is not accessible."))
}
