package openbistest

import (
	"strings"
	"testing"
	"time"
)

// createPAT creates a personal access token and returns its secret.
func (c *asClient) createPAT(clock *testClock, sessionName string, valid time.Duration) string {
	c.t.Helper()
	ids := c.must("createPersonalAccessTokens", []any{m{
		"@type": "as.dto.pat.create.PersonalAccessTokenCreation", "sessionName": sessionName,
		"validFromDate": clock.now().UnixMilli(), "validToDate": clock.now().Add(valid).UnixMilli(),
	}}).([]any)
	return ids[0].(map[string]any)["permId"].(string)
}

func TestPersonalAccessTokensWorkOnV3Only(t *testing.T) {
	clock := newTestClock()
	c, _ := newASClient(t, "alice", Options{Clock: clock.now})
	session := c.token
	c.token = c.createPAT(clock, "app", 24*time.Hour)
	if !strings.HasPrefix(c.token, "$pat-alice-") {
		t.Fatalf("token %q", c.token)
	}
	c.must("getServerInformation")
	info := c.must("getSessionInformation").(map[string]any)
	inner := info["sessionToken"].(string)
	if !strings.HasPrefix(inner, "alice-") || inner == session || info["personalAccessTokenSession"] != true || info["personalAccessTokenSessionName"] != "app" {
		t.Errorf("session information: %v", info)
	}
	for _, test := range []struct{ service, method string }{{generalService, "listDataStores"}, {queryService, "listAggregationServices"}} {
		c.wantError(c.send(test.service, test.method, c.token), invalidSessionClass,
			"Session token '"+c.token+"' is invalid: user is not logged in.")
		if a := c.send(test.service, test.method, inner); a.Error != nil {
			t.Errorf("%s with the inner token: %+v", test.method, *a.Error)
		}
	}
	c.must("logout")
	c.must("getServerInformation") // logging out does nothing to a personal access token
	c.s.ExpireSessions()
	c.must("getServerInformation")
}

func TestPersonalAccessTokensOfOneNameShareASession(t *testing.T) {
	clock := newTestClock()
	c, _ := newASClient(t, "alice", Options{Clock: clock.now})
	inner := func(pat string) any {
		return c.send(v3Service, "getSessionInformation", pat).Result.(map[string]any)["sessionToken"]
	}
	a, b, other := c.createPAT(clock, "app", time.Hour), c.createPAT(clock, "app", time.Hour), c.createPAT(clock, "other", time.Hour)
	if inner(a) != inner(b) || inner(a) == inner(other) {
		t.Errorf("sessions: %v %v %v", inner(a), inner(b), inner(other))
	}
}

func TestExpiredPersonalAccessTokenIsInactive(t *testing.T) {
	clock := newTestClock()
	c, _ := newASClient(t, "alice", Options{Clock: clock.now})
	c.token = c.createPAT(clock, "app", time.Hour)
	clock.advance(2 * time.Hour)
	if c.must("isSessionActive") != false {
		t.Error("still active")
	}
	a := c.v3("getServerInformation")
	if a.Error == nil || !strings.HasPrefix(a.Error.Message, "Personal access token is no longer valid") {
		t.Errorf("answer %v", a.keys)
	}
}

func TestPersonalAccessTokenValidityIsCutSilently(t *testing.T) {
	clock := newTestClock()
	c, _ := newASClient(t, "alice", Options{Clock: clock.now})
	c.createPAT(clock, "app", 365*24*time.Hour)
	found := c.must("searchPersonalAccessTokens", criteria("pat.PersonalAccessToken"), fetch("pat.PersonalAccessToken")).(map[string]any)
	pat := found["objects"].([]any)[0].(map[string]any)
	if want := float64(clock.now().Add(30 * 24 * time.Hour).UnixMilli()); pat["validToDate"] != want {
		t.Errorf("valid to %v, want %v", pat["validToDate"], want)
	}
	a := c.v3("createPersonalAccessTokens", []any{m{"sessionName": "x", "validFromDate": clock.now().UnixMilli()}})
	c.wantError(a, userFailureClass, "Valid to date cannot be null. (Context: [])")
}

func TestWithAPersonalAccessTokenOnlyItselfIsSeen(t *testing.T) {
	clock := newTestClock()
	c, _ := newASClient(t, "alice", Options{Clock: clock.now})
	first := c.createPAT(clock, "app", time.Hour)
	c.createPAT(clock, "other", time.Hour)
	c.token = first
	found := c.must("searchPersonalAccessTokens", criteria("pat.PersonalAccessToken"), fetch("pat.PersonalAccessToken")).(map[string]any)
	if found["totalCount"] != 1.0 {
		t.Errorf("found %v", found["totalCount"])
	}
	got := c.must("getPersonalAccessTokens", []any{id("pat.id.PersonalAccessTokenPermId", first)}, fetch("pat.PersonalAccessToken")).(map[string]any)
	if got[first] == nil {
		t.Errorf("got %v", got)
	}
	a := c.v3("createPersonalAccessTokens", []any{m{"sessionName": "x"}})
	if a.Error == nil || a.Error.Data.ExceptionTypeName != userFailureClass {
		t.Errorf("creation: %v", a.keys)
	}
}

func TestPersonalAccessTokenOfAUserWithADashIsNotRecognised(t *testing.T) {
	clock := newTestClock()
	c, _ := newASClient(t, "dash-ed", Options{Clock: clock.now})
	c.must("getServerInformation") // session tokens are no problem
	c.token = c.createPAT(clock, "app", time.Hour)
	c.wantError(c.v3("getServerInformation"), invalidSessionClass, "Session token '"+c.token+"' is invalid: user is not logged in.")
}

func TestPersonalAccessTokensCanBeSwitchedOff(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{NoPersonalAccessTokens: true})
	c.wantError(c.v3("createPersonalAccessTokens", []any{}), userFailureClass, "Personal access tokens are disabled")
	if info := c.must("getServerInformation").(map[string]any); info["personal-access-tokens-enabled"] != "false" {
		t.Errorf("information: %v", info)
	}
}
