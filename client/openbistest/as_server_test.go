package openbistest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// do sends a request without decompressing the answer.
func do(t *testing.T, method, url string, header http.Header, body []byte) (httpAnswer, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return httpAnswer{resp.StatusCode, resp.Header, resp.ContentLength}, b
}

const versionCall = `{"jsonrpc":"2.0","id":1,"method":"getMajorVersion","params":[]}`

func TestServicesAreAtAllTheirPaths(t *testing.T) {
	c, _ := newASClient(t, "", Options{})
	for _, path := range []string{"/openbis/openbis/rmi-application-server-v3.json", "/openbis/rmi-application-server-v3.json", "/openbis/openbis/openbis/rmi-application-server-v3.json"} {
		resp, body := do(t, http.MethodPost, c.s.URL+path, nil, []byte(versionCall))
		if resp.status != http.StatusOK || string(body) != `{"jsonrpc":"2.0","id":1,"result":3}`+"\n" {
			t.Errorf("%s: %d %s", path, resp.status, body)
		}
		if ct := resp.header.Get("Content-Type"); ct != "application/json-rpc" {
			t.Errorf("%s: content type %q", path, ct)
		}
		if resp.header.Get("X-Frame-Options") != "SAMEORIGIN" || resp.header.Get("Cache-Control") != "max-age=3600" {
			t.Errorf("%s: header %v", path, resp.header)
		}
	}
	for _, path := range []string{"/openbis/openbis/rmi-application-server-v3", "/rmi-application-server-v3.json", "/openbis"} {
		if resp, _ := do(t, http.MethodPost, c.s.URL+path, nil, []byte(versionCall)); resp.status != http.StatusNotFound {
			t.Errorf("%s: status %d", path, resp.status)
		}
	}
}

func TestOnlyGetPostAndOptionsAreAllowed(t *testing.T) {
	c, _ := newASClient(t, "", Options{})
	for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		resp, _ := do(t, method, c.s.URL+v3Path, nil, nil)
		if resp.status != http.StatusMethodNotAllowed || resp.header.Get("Allow") == "" {
			t.Errorf("%s: %d", method, resp.status)
		}
	}
	if resp, body := do(t, http.MethodOptions, c.s.URL+v3Path, nil, nil); resp.status != http.StatusOK || len(body) > 0 {
		t.Errorf("OPTIONS: %d %q", resp.status, body)
	}
}

func TestGetCarriesRequests(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	params := `["` + c.token + `"]`
	for _, p := range []string{params, base64.StdEncoding.EncodeToString([]byte(params))} {
		q := url.Values{"method": {"isSessionActive"}, "id": {"7"}, "params": {p}}
		_, body := do(t, http.MethodGet, c.s.URL+v3Path+"?"+q.Encode(), nil, nil)
		if string(body) != `{"jsonrpc":"2.0","id":7,"result":true}`+"\n" {
			t.Errorf("%s: %s", p, body)
		}
	}
}

func TestRequestsMayBeCompressed(t *testing.T) {
	c, _ := newASClient(t, "", Options{})
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(versionCall))
	_ = z.Close()
	_, body := do(t, http.MethodPost, c.s.URL+v3Path, http.Header{"Content-Encoding": {"gzip"}, "Content-Type": {"text/whatever"}}, packed.Bytes())
	if !strings.Contains(string(body), `"result":3`) {
		t.Errorf("answer %q", body)
	}
}

func TestOnlyLongAnswersAreCompressedAndOnlyWhenAsked(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	long := []byte(`{"id":1,"method":"searchSamples","params":["` + c.token + `",{"operator":"AND"},{"from":0}]}`)
	gzipped := http.Header{"Accept-Encoding": {"gzip"}}
	for _, test := range []struct {
		name    string
		request []byte
		header  http.Header
		packed  bool
	}{
		{"long, asked", long, gzipped, true},
		{"long, not asked", long, nil, false},
		{"short, asked", []byte(versionCall), gzipped, false},
	} {
		resp, body := do(t, http.MethodPost, c.s.URL+v3Path, test.header, test.request)
		if packed := resp.header.Get("Content-Encoding") == "gzip"; packed != test.packed {
			t.Errorf("%s: compressed is %v", test.name, packed)
		}
		if hasLength := resp.length >= 0; hasLength == test.packed {
			t.Errorf("%s: content length %d", test.name, resp.length)
		}
		if test.packed {
			z, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.HasPrefix(body, []byte(`{"jsonrpc":"2.0","id":1,"result":`)) {
			t.Errorf("%s: %.100s", test.name, body)
		}
	}
}

func TestNotificationsAreExecutedButNotAnswered(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	resp, body := do(t, http.MethodPost, c.s.URL+v3Path, nil, []byte(`{"method":"logout","params":["`+c.token+`"]}`))
	if resp.status != http.StatusOK || len(body) > 0 {
		t.Errorf("%d %q", resp.status, body)
	}
	if c.must("isSessionActive") != false {
		t.Error("the notification was not executed")
	}
	_, body = do(t, http.MethodPost, c.s.URL+v3Path, nil, []byte(`{"method":"getServerInformation","params":["`+c.token+`"]}`))
	if !bytes.HasPrefix(body, []byte(`{"jsonrpc":"2.0","id":null,"error":{"code":0,`)) {
		t.Errorf("a notification that fails: %s", body)
	}
}

func TestNotificationInABatchLeavesItsComma(t *testing.T) {
	c, _ := newASClient(t, "", Options{})
	_, body := do(t, http.MethodPost, c.s.URL+v3Path, nil, []byte(`[{"method":"getMajorVersion"},`+versionCall+`]`))
	if string(body) != `[,{"jsonrpc":"2.0","id":1,"result":3}]` {
		t.Errorf("batch: %s", body)
	}
}

func TestBatchOfExceptionsIsStillOK(t *testing.T) {
	c, _ := newASClient(t, "", Options{})
	bad := `{"id":1,"method":"getServerInformation","params":["x"]}`
	if resp, body := do(t, http.MethodPost, c.s.URL+v3Path, nil, []byte(`[`+bad+`,`+bad+`]`)); resp.status != http.StatusOK {
		t.Errorf("%d %s", resp.status, body)
	}
}

func TestIdsThatAreNoScalarsAreBadRequests(t *testing.T) {
	c, _ := newASClient(t, "", Options{})
	for _, id := range []string{"true", "{}", "[1]"} {
		resp, body := do(t, http.MethodPost, c.s.URL+v3Path, nil, []byte(`{"id":`+id+`,"method":"getMajorVersion"}`))
		if resp.status != http.StatusBadRequest || len(body) > 0 {
			t.Errorf("%s: %d %q", id, resp.status, body)
		}
	}
	for _, id := range []string{"1.5", `"a"`, "12345678901"} {
		_, body := do(t, http.MethodPost, c.s.URL+v3Path, nil, []byte(`{"id":`+id+`,"method":"getMajorVersion","params":{}}  trailing`))
		if string(body) != `{"jsonrpc":"2.0","id":`+id+`,"result":3}`+"\n" {
			t.Errorf("%s: %q", id, body)
		}
	}
}

func TestV1RefusesUnknownMethodsOfV3(t *testing.T) {
	c, _ := newASClient(t, "alice", Options{})
	resp, body := do(t, http.MethodPost, c.s.URL+"/openbis/openbis/"+generalService, nil, []byte(`{"id":1,"method":"searchSpaces","params":["x",{},{}]}`))
	if resp.status != http.StatusNotFound {
		t.Errorf("%d %s", resp.status, body)
	}
	// Errors of the application server's v1 services have code 0 and HTTP 200, unlike the data store's.
	resp, body = do(t, http.MethodPost, c.s.URL+"/openbis/openbis/"+generalService, nil, []byte(`{"id":1,"method":"listDataStores","params":["x"]}`))
	if resp.status != http.StatusOK || !strings.Contains(string(body), `"error":{"code":0,"message":"Session token 'x' is invalid: user is not logged in."`) {
		t.Errorf("%d %s", resp.status, body)
	}
}

func TestServerSpeaksTLS(t *testing.T) {
	s := NewServer(t, Options{Lab: newASLab().Lab, TLS: true})
	transport := &http.Transport{DisableKeepAlives: true}
	transport.TLSClientConfig = tlsConfig(s)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+v3Path, strings.NewReader(versionCall))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(s.URL, "https://") {
		t.Errorf("%s: %d", s.URL, resp.StatusCode)
	}
	req.Body = io.NopCloser(strings.NewReader(versionCall))
	stranger := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if resp, err := stranger.Do(req); err == nil {
		_ = resp.Body.Close()
		t.Error("the certificate is trusted without the pool")
	}
}
