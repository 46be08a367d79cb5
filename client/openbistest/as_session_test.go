package openbistest

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

const (
	v3Service      = "rmi-application-server-v3.json"
	generalService = "rmi-general-information-v1.json"
	queryService   = "rmi-query-v1.json"
)

func TestTokensHaveTheFormOfOpenBIS(t *testing.T) {
	c, _ := newASClient(t, "", Options{})
	token, _ := c.send(v3Service, "login", "alice", "a").Result.(string)
	if !regexp.MustCompile(`^alice-[0-9]{15}x[0-9A-F]{32}$`).MatchString(token) {
		t.Errorf("token %q", token)
	}
	for _, test := range []struct{ service, method string }{
		{generalService, "tryToAuthenticateForAllServices"}, {queryService, "tryToAuthenticateAtQueryServer"},
	} {
		if token, _ := c.send(test.service, test.method, "alice", "a").Result.(string); !strings.HasPrefix(token, "alice-") {
			t.Errorf("%s: token %q", test.method, token)
		}
	}
}

func TestWrongPasswordIsNullAndNoError(t *testing.T) {
	c, _ := newASClient(t, "", Options{})
	for _, user := range []string{"alice", "unknown"} {
		a := c.send(v3Service, "login", user, "wrong")
		if string(a.keys["result"]) != "null" || a.Error != nil {
			t.Errorf("%s: %v", user, a.keys)
		}
	}
	c.wantError(c.send(v3Service, "login", "", "x"), userFailureClass, "No 'user' specified.")
	c.wantError(c.send(v3Service, "login", "alice", ""), userFailureClass, "No 'password' specified.")
	c.wantError(c.send(v3Service, "login", "nobody", "n"), userFailureClass, "User 'nobody' is not permitted to login.")
	if a := c.send(v3Service, "loginAsAnonymousUser"); a.Error != nil || a.Result != nil {
		t.Errorf("anonymous: %v", a.keys)
	}
}

func TestIdleSessionsEndWithTwoDifferentMessages(t *testing.T) {
	clock := newTestClock()
	c, _ := newASClient(t, "alice", Options{Clock: clock.now, SessionTimeout: time.Hour})
	clock.advance(50 * time.Minute)
	c.must("getServerInformation")
	clock.advance(50 * time.Minute)
	c.must("getServerInformation") // the first call had reset the clock
	clock.advance(61 * time.Minute)
	if c.must("isSessionActive") != false {
		t.Error("still active")
	}
	c.wantError(c.v3("getServerInformation"), invalidSessionClass, "Session no longer available. Please login again.")
	c.wantError(c.v3("getServerInformation"), invalidSessionClass, "Session token '"+c.token+"' is invalid: user is not logged in.")
}

func TestOnlyV1ExtendsASessionByAskingWhetherItIsActive(t *testing.T) {
	clock := newTestClock()
	c, _ := newASClient(t, "alice", Options{Clock: clock.now, SessionTimeout: time.Hour})
	clock.advance(50 * time.Minute)
	if c.send(generalService, "isSessionActive", c.token).Result != true {
		t.Error("not active for v1")
	}
	clock.advance(50 * time.Minute)
	if c.must("isSessionActive") != true {
		t.Error("v1 did not extend the session")
	}
	clock.advance(50 * time.Minute)
	if c.must("isSessionActive") != false {
		t.Error("v3 extended the session")
	}
	if c.send(generalService, "isSessionActive", "unknown").Result != false {
		t.Error("unknown token is active for v1")
	}
}

func TestSixthLoginClosesTheLeastRecentlyUsedSession(t *testing.T) {
	c, _ := newASClient(t, "", Options{})
	var tokens []string
	for range 5 {
		tokens = append(tokens, c.s.Login("alice"))
	}
	bob := c.s.Login("bob")
	c.token = tokens[0]
	c.must("getServerInformation")
	c.s.Login("alice")
	for i, token := range tokens {
		active := c.send(v3Service, "isSessionActive", token).Result
		if active != (i != 1) {
			t.Errorf("session %d: active is %v", i, active)
		}
	}
	if c.send(v3Service, "isSessionActive", bob).Result != true {
		t.Error("another user's session was closed")
	}
}

func TestLogoutIsIdempotent(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	for range 2 {
		if a := c.v3("logout"); string(a.keys["result"]) != "null" {
			t.Errorf("logout: %v", a.keys)
		}
	}
	if c.must("isSessionActive") != false {
		t.Error("still active")
	}
}

func TestMissingTokenHasItsOwnMessages(t *testing.T) {
	c, _ := newASClient(t, "", Options{})
	for _, token := range []any{"", nil} {
		for _, method := range []string{"isSessionActive", "getServerInformation", "logout", "getSessionInformation"} {
			c.wantError(c.send(v3Service, method, token), userFailureClass, "Hash cannot be empty.")
		}
	}
	c.wantError(c.send(generalService, "isSessionActive", ""), userFailureClass, "Hash cannot be empty.")
	c, _ = newASClient(t, "", Options{NoPersonalAccessTokens: true})
	c.wantError(c.send(v3Service, "isSessionActive", ""), userFailureClass, "No 'sessionToken' specified.")
}

func TestServerInformationNeedsASessionAndIsText(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{APIVersion: "3.5"})
	info := c.must("getServerInformation").(map[string]any)
	for name, value := range info {
		if _, ok := value.(string); !ok && value != nil {
			t.Errorf("%s is %v", name, value)
		}
	}
	if info["api-version"] != "3.5" || info["project-samples-enabled"] != "true" || info["personal-access-tokens-max-validity-period"] != "2592000" {
		t.Errorf("information: %v", info)
	}
	public := c.send(v3Service, "getServerPublicInformation").Result.(map[string]any)
	if _, has := public["api-version"]; has || public["authentication-service"] == nil {
		t.Errorf("public: %v", public)
	}
	if c.send(v3Service, "getMajorVersion").Result != 3.0 || c.send(v3Service, "getMinorVersion").Result != 5.0 {
		t.Error("v3 version")
	}
	if c.send(generalService, "getMinorVersion").Result != 32.0 {
		t.Error("v1 version")
	}
}

func TestSessionInformationSharesThePerson(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	info := c.must("getSessionInformation").(map[string]any)
	person := info["person"].(map[string]any)
	if info["creatorPerson"] != person["@id"] || info["sessionToken"] != c.token || person["userId"] != "alice" {
		t.Errorf("information: %v", info)
	}
}

func TestExpireSessionsIsWhatIdlenessDoes(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	c.s.ExpireSessions()
	c.wantError(c.v3("getServerInformation"), invalidSessionClass, "Session no longer available. Please login again.")
	c.token = c.s.Login("alice")
	c.must("getServerInformation")
}

func TestV1ListsDataStoresWithTheSuffix(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	store := c.send(generalService, "listDataStores", c.token).Result.([]any)[0].(map[string]any)
	if store["downloadUrl"] != c.s.URL+"/datastore_server" || store["hostUrl"] != c.s.URL || store["code"] != "DSS1" || store["@type"] != "DataStore" {
		t.Errorf("v1: %v", store)
	}
	v3 := c.must("searchDataStores", criteria("datastore.DataStore"), fetch("datastore.DataStore")).(map[string]any)
	if got := v3["objects"].([]any)[0].(map[string]any)["downloadUrl"]; got != c.s.URL {
		t.Errorf("v3: %v", got)
	}
	if got := c.send(generalService, "getDefaultPutDataStoreBaseURL", c.token).Result; got != c.s.URL {
		t.Errorf("put: %v", got)
	}
	if got := c.send(queryService, "listAggregationServices", c.token).Result; len(got.([]any)) != 2 {
		t.Errorf("services: %v", got)
	}
}
