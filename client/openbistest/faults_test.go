package openbistest

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

func tlsConfig(s *Server) *tls.Config { return &tls.Config{RootCAs: s.CertPool()} }

// httpAnswer is what an answer says before its body.
type httpAnswer struct {
	status int
	header http.Header
	length int64
}

// try sends a request and returns what comes of it.
func (c *asClient) try(ctx context.Context, request string) (httpAnswer, string, error) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.s.URL+v3Path, strings.NewReader(request))
	if err != nil {
		c.t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return httpAnswer{}, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return httpAnswer{resp.StatusCode, resp.Header, resp.ContentLength}, string(b), err
}

func (c *asClient) activeRequest() string {
	return `{"id":1,"method":"isSessionActive","params":["` + c.token + `"]}`
}

func TestFaultHitsTheNthCallOfItsMethod(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	fault := c.s.Faults.Add(Fault{Kind: Status, Method: "isSessionActive", First: 2, Times: 2, Status: http.StatusServiceUnavailable, RetryAfter: "7"})
	var got []int
	for range 4 {
		resp, _, err := c.try(t.Context(), c.activeRequest())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, resp.status)
		if resp.status != http.StatusOK && resp.header.Get("Retry-After") != "7" {
			t.Errorf("header %v", resp.header)
		}
		c.must("getServerInformation")
	}
	if got[0] != 200 || got[1] != 503 || got[2] != 503 || got[3] != 200 {
		t.Errorf("statuses %v", got)
	}
	if fault.Hits() != 2 || c.s.Calls()["isSessionActive"] != 4 {
		t.Errorf("%d hits, calls %v", fault.Hits(), c.s.Calls())
	}
}

func TestResetBeforeAndAfterHandling(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	logout := `{"id":1,"method":"logout","params":["` + c.token + `"]}`
	for _, test := range []struct {
		kind   FaultKind
		active bool
	}{{ResetBefore, true}, {ResetAfter, false}} {
		c.s.Faults.Add(Fault{Kind: test.kind, Method: "logout"})
		_, _, err := c.try(t.Context(), logout)
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
			t.Errorf("kind %d: %v", test.kind, err)
		}
		if active := c.must("isSessionActive"); active != test.active {
			t.Errorf("kind %d: session active is %v", test.kind, active)
		}
	}
}

func TestStallEndsWhenItIsReleased(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	fault := c.s.Faults.Add(Fault{Kind: Stall, Times: -1})
	answers := make(chan string)
	go func() {
		_, body, err := c.try(t.Context(), c.activeRequest())
		answers <- body + errorText(err)
	}()
	<-fault.Hit()
	select {
	case a := <-answers:
		t.Fatalf("answered: %s", a)
	default:
	}
	fault.Remove()
	if a := <-answers; !strings.Contains(a, "true") {
		t.Errorf("answer %s", a)
	}
	c.must("isSessionActive")
}

func errorText(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestCloseEndsStalledCalls(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	fault := c.s.Faults.Add(Fault{Kind: Stall})
	answers := make(chan error)
	go func() {
		_, _, err := c.try(t.Context(), c.activeRequest())
		answers <- err
	}()
	<-fault.Hit()
	c.s.Close()
	if err := <-answers; err == nil {
		t.Error("the call succeeded")
	}
}

func TestStallEndsWhenTheClientGivesUp(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	fault := c.s.Faults.Add(Fault{Kind: Stall})
	ctx, cancel := context.WithCancel(t.Context())
	answers := make(chan error)
	go func() {
		_, _, err := c.try(ctx, c.activeRequest())
		answers <- err
	}()
	<-fault.Hit()
	cancel()
	if err := <-answers; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestTruncatedAnswerIsShorterThanItsLength(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	c.s.Faults.Add(Fault{Kind: Truncate, Bytes: 10})
	resp, body, err := c.try(t.Context(), c.activeRequest())
	if !errors.Is(err, io.ErrUnexpectedEOF) || body != `{"jsonrpc"` || resp.length <= 10 {
		t.Errorf("body %q of %v, %v", body, resp, err)
	}
}

func TestWrongBytesHaveTheRightLength(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	_, good, err := c.try(t.Context(), c.activeRequest())
	if err != nil {
		t.Fatal(err)
	}
	c.s.Faults.Add(Fault{Kind: WrongBytes, Bytes: 3})
	_, bad, err := c.try(t.Context(), c.activeRequest())
	if err != nil || len(bad) != len(good) || bad[:3] != good[:3] || bad[3] != good[3]^0xff || bad[4:] != good[4:] {
		t.Errorf("%q, %v", bad, err)
	}
}

func TestLatencyOnlyDelays(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	fault := c.s.Faults.Add(Fault{Kind: Latency, Delay: time.Millisecond})
	if c.must("isSessionActive") != true || fault.Hits() != 1 {
		t.Error("not delayed, or not answered")
	}
}

func TestExpiredSessionAtTheNthCall(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	c.s.Faults.Add(Fault{Kind: ExpiredSession, Method: "getServerInformation", First: 2})
	c.must("getServerInformation")
	c.wantError(c.v3("getServerInformation"), invalidSessionClass, "Session no longer available. Please login again.")
	c.token = c.s.Login("alice")
	c.must("getServerInformation")
}

func TestLoginPageIsHTMLWithStatus200(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	c.s.Faults.Add(Fault{Kind: LoginPage})
	resp, body, err := c.try(t.Context(), c.activeRequest())
	if err != nil || resp.status != http.StatusOK || !strings.HasPrefix(resp.header.Get("Content-Type"), "text/html") || !strings.HasPrefix(body, "<!DOCTYPE html>") {
		t.Errorf("%v %q %v", resp, body, err)
	}
}

func TestClearedFaultsDoNothing(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	c.s.Faults.Add(Fault{Kind: ResetBefore, Times: -1})
	c.s.Faults.Clear()
	c.must("isSessionActive")
}

func TestEveryElementOfABatchCounts(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	if _, _, err := c.try(t.Context(), "["+c.activeRequest()+","+c.activeRequest()+","+versionCall+"]"); err != nil {
		t.Fatal(err)
	}
	calls := c.s.Calls()
	if calls["isSessionActive"] != 2 || calls["getMajorVersion"] != 1 {
		t.Errorf("calls %v", calls)
	}
	c.s.ResetCounters()
	if calls := c.s.Calls(); len(calls) != 0 {
		t.Errorf("calls after the reset %v", calls)
	}
}
