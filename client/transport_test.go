package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

func TestNewRefusesWhatCannotWork(t *testing.T) {
	password := func(context.Context) (string, error) { return "x", nil }
	for name, opts := range map[string]Options{
		"no URL":         {Token: "t"},
		"password in it": {URL: "https://u:geheim@host", Token: "t"},
		"start path":     {URL: "https://host/LAB", Token: "t"},
		"no credentials": {URL: "https://host"},
		"no password":    {URL: "https://host", User: "u"},
		"no user":        {URL: "https://host", Password: password},
	} {
		if _, err := New(opts); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARefusedConnectionIsUnavailableWithinSeconds(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	_ = l.Close()
	c := newTestClient(t, Options{URL: url, Token: goldenToken})
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
	defer cancel()
	err = c.Connect(ctx)
	var netErr *net.OpError
	if !errors.Is(err, ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &netErr) {
		t.Errorf("got %v", err)
	}
}

func TestAnUnknownCertificateIsNotTriedTwice(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{TLS: true})
	opts := Options{URL: s.URL, User: "demo", Password: func(context.Context) (string, error) { return "demo", nil }}
	var unknown x509.UnknownAuthorityError
	if err := newTestClient(t, opts).Connect(t.Context()); !errors.Is(err, ErrUnavailable) || !errors.As(err, &unknown) || worthRepeating(err) {
		t.Errorf("got %v", err)
	}
	opts.TLS = &tls.Config{RootCAs: s.CertPool(), MinVersion: tls.VersionTLS12}
	c := newTestClient(t, opts)
	if err := c.Connect(t.Context()); err != nil {
		t.Error(err)
	}
	ds, d := dataSet(t, c, s, readableFiles)
	if err := downloadAll(t, c, ds, d); err != nil {
		t.Error(err)
	}
	if err := blocksOfAll(t, c, ds, d); err != nil {
		t.Error(err)
	}
}

func TestCallsAreRepeatedWhileTheServerIsUnavailable(t *testing.T) {
	t.Parallel()
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	for name, fault := range map[string]openbistest.Fault{
		"503":          {Kind: openbistest.Status, Status: 503, Times: 2},
		"retry after":  {Kind: openbistest.Status, Status: 429, RetryAfter: "0"},
		"502":          {Kind: openbistest.Status, Status: 502},
		"reset before": {Kind: openbistest.ResetBefore, Times: 3},
		"reset after":  {Kind: openbistest.ResetAfter},
		"truncated":    {Kind: openbistest.Truncate, Bytes: 100},
	} {
		fault.Method = "searchSpaces"
		f := s.Faults.Add(fault)
		if spaces, err := c.Spaces(t.Context()); err != nil || len(spaces) != len(s.Lab.Spaces) || f.Hits() == 0 {
			t.Errorf("%s: %d spaces, %v", name, len(spaces), err)
		}
		f.Remove()
	}
	for name, fault := range map[string]openbistest.Fault{
		"for too long": {Kind: openbistest.Status, Status: 503, RetryAfter: "3600"},
		"for good":     {Kind: openbistest.Status, Status: 503, Times: -1},
		"500":          {Kind: openbistest.Status, Status: 500},
	} {
		fault.Method = "searchSpaces"
		f := s.Faults.Add(fault)
		if _, err := c.Spaces(t.Context()); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
		f.Remove()
	}
}

func TestAPersonalAccessTokenIsNotMadeTwice(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	s.Faults.Add(openbistest.Fault{Kind: openbistest.ResetAfter, Method: "createPersonalAccessTokens"})
	now := time.Now()
	if _, err := c.CreatePersonalAccessToken(t.Context(), "x", now, now.Add(time.Hour)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	wantCalls(t, s, map[string]int{"createPersonalAccessTokens": 1})
}

func TestALoginPageIsNoAnswer(t *testing.T) {
	t.Parallel()
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	s.Faults.Add(openbistest.Fault{Kind: openbistest.LoginPage, Method: "searchSpaces"})
	if _, err := c.Spaces(t.Context()); !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), "Sign in") {
		t.Errorf("got %v", err)
	}
	s.Faults.Add(openbistest.Fault{Kind: openbistest.Truncate, Bytes: 300, Method: "searchSpaces", Times: -1})
	if _, err := c.Spaces(t.Context()); err == nil {
		t.Error("half an answer is one")
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	server := httptest.NewServer(http.RedirectHandler("https://sso.example.org/login?back="+goldenToken, http.StatusFound))
	t.Cleanup(server.Close)
	c := newTestClient(t, Options{URL: server.URL, Token: goldenToken})
	_, err := c.Spaces(t.Context())
	if !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), "redirects to https://sso.example.org") || strings.Contains(err.Error(), goldenToken) {
		t.Errorf("got %v", err)
	}
}

// Everything that can go wrong goes wrong with known secrets, and no error and no line of the log has one in it.
func TestNoSecretInErrorsAndLogs(t *testing.T) {
	t.Parallel()
	lab := openbistest.SmallLab()
	lab.AddPerson(&openbistest.Person{UserID: "anna", Password: "zuGeheim!9"})
	s := openbistest.NewServer(t, openbistest.Options{Lab: lab})
	var said bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ctx := t.Context()
	secrets := []string{"zuGeheim!9"}
	keep := func(c *Client) {
		info, err := c.SessionInformation(ctx)
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, info.SessionToken)
	}
	owner := newTestClient(t, Options{URL: s.URL, User: "anna", Password: func(context.Context) (string, error) { return "zuGeheim!9", nil }, Logger: logger})
	keep(owner)
	now := time.Now()
	pat, err := owner.CreatePersonalAccessToken(ctx, "x", now, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, pat)
	token := s.Login("anna")
	secrets = append(secrets, token)
	odd := "geheim wie nie"
	secrets = append(secrets, odd)

	note := func(err error) { _, _ = said.WriteString(" " + errorText(err) + "\n") }
	for _, opts := range []Options{{Token: token}, {Token: pat}, {User: "anna", Password: owner.opts.Password}, {Token: odd}} {
		opts.URL, opts.Logger, opts.MetadataTimeout, opts.BlockTimeout = s.URL, logger, 100*time.Millisecond, 100*time.Millisecond
		c := newTestClient(t, opts)
		note(c.Connect(ctx))
		d := s.Lab.DataSets[0]
		ds := &DataSet{PermID: d.PermID, DataStore: d.Store.Code}
		for _, kind := range []openbistest.FaultKind{0, openbistest.ExpiredSession, openbistest.ResetBefore, openbistest.LoginPage, openbistest.Stall} {
			if kind != 0 {
				s.Faults.Add(openbistest.Fault{Kind: kind, Times: 2})
			}
			for path, n := range nodes(d.Root) {
				if n.IsFolder() {
					continue
				}
				f := c.Content(ds, fileOf(d, path, n))
				_, _, err := f.Stream(ctx, 0)
				note(err)
				note(f.Blocks(ctx, 0, 1, func(int64, []byte) error { return nil }))
				if f.transfer != nil {
					secrets = append(secrets, f.transfer.id, f.transfer.stream)
					f.transfer.stream += "x"
					note(f.Blocks(ctx, 0, 1, func(int64, []byte) error { return nil }))
				}
				note(f.Close())
				break
			}
			_, err := c.Files(ctx, ds)
			note(err)
			_, err = c.Spaces(ctx)
			note(err)
			_, err = c.CreateFastDownloadSession(ctx, ds, "original")
			note(err)
			s.Faults.Clear()
			s.LoseSessions()
		}
		note(c.Close(ctx))
	}
	s.Close()
	note(owner.Connect(ctx))
	_, err = owner.Spaces(ctx)
	note(err)

	text := said.String()
	if strings.Count(text, "\n") < 80 || !strings.Contains(text, "user is not logged in") {
		t.Errorf("not much was provoked:\n%s", text)
	}
	for _, secret := range secrets {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("%q is said: …%s", secret, text[max(0, i-200):min(len(text), i+100)])
		}
	}
	if form := regexp.MustCompile(`\d{15}x[0-9A-F]{32}`).FindString(text); form != "" {
		t.Errorf("something like a token is said: %s", form)
	}
}

// errorText is all that an error says, also to somebody who takes it apart.
func errorText(err error) string {
	if err == nil {
		return "fine"
	}
	text := err.Error()
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		for _, e := range joined.Unwrap() {
			text += " / " + e.Error()
		}
	}
	return text
}

func TestRedact(t *testing.T) {
	for s, want := range map[string]string{
		"Session token 'jdoe-230914152000123x0123456789ABCDEF0123456789ABCDEF' is invalid: user is not logged in.": "Session token '[token]' is invalid: user is not logged in.",
		"$pat-a-b-230914152000123x0123456789ABCDEF0123456789ABCDEF expired":                                        "[token] expired",
		"$pat-broken": "[token]",
		"GET https://h/datastore_server/2-1/a?sessionID=x%20y&mode=txt": "GET https://h/datastore_server/2-1/a?sessionID=[token]&mode=txt",
		"Invalid download session id: DownloadSessionId[id=7c1e]":       "Invalid download session id: DownloadSessionId[id=[token]]",
		"Unknown data set: 20230914160000456-31":                        "Unknown data set: 20230914160000456-31",
	} {
		if got := redact(s); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// recorder keeps the requests that pass through it.
type recorder struct {
	next http.RoundTripper
	mu   sync.Mutex
	seen []map[string]any
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	var call map[string]any
	if strings.HasSuffix(req.URL.Path, ".json") {
		if err := json.Unmarshal(body, &call); err != nil {
			return nil, err
		}
		r.mu.Lock()
		r.seen = append(r.seen, call)
		r.mu.Unlock()
	}
	return r.next.RoundTrip(req)
}

// The real decoder wants the exact class name in every object and an id in every call; a class that the real server has not
// been seen to accept is in the list below, from the openBIS sources.
func TestEveryObjectOfARequestHasItsClass(t *testing.T) {
	known := make(map[string]bool)
	for _, class := range strings.Fields(string(golden(t, "request_types.txt"))) {
		known[class] = true
	}
	for _, class := range strings.Fields(classesOfTheSources) {
		known[class] = true
	}
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	r := &recorder{next: c.metadata.Transport}
	c.metadata.Transport = r
	callEverything(t, c, s)
	c.metadata.Transport = r.next

	methods := make(map[string]bool)
	for _, call := range r.seen {
		method, _ := call["method"].(string)
		methods[method] = true
		if id, ok := call["id"].(string); !ok || id == "" || call["jsonrpc"] != "2.0" {
			t.Errorf("%s: envelope %v %v", method, call["jsonrpc"], call["id"])
		}
		params, _ := call["params"].([]any)
		checkClasses(t, method, params, known)
	}
	if len(methods) < 25 {
		t.Errorf("only %d methods were called: %v", len(methods), methods)
	}
}

func checkClasses(t *testing.T, where string, v any, known map[string]bool) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			checkClasses(t, where, e, known)
		}
	case map[string]any:
		class, _ := v["@type"].(string)
		if !known[class] {
			t.Errorf("%s: class %q", where, class)
		}
		for k, e := range v {
			checkClasses(t, where+"/"+k, e, known)
		}
	}
}

const classesOfTheSources = `
	as.dto.operation.SynchronousOperationExecutionOptions
	as.dto.property.search.SearchPropertyTypesOperation as.dto.property.search.PropertyTypeSearchCriteria
	as.dto.vocabulary.search.SearchVocabulariesOperation as.dto.vocabulary.fetchoptions.VocabularyTermFetchOptions
	as.dto.sample.search.SearchSamplesOperation as.dto.experiment.search.SearchExperimentsOperation as.dto.dataset.search.SearchDataSetsOperation
	as.dto.project.fetchoptions.ProjectSortOptions as.dto.experiment.fetchoptions.ExperimentSortOptions
	as.dto.sample.fetchoptions.SampleSortOptions as.dto.dataset.fetchoptions.DataSetSortOptions
	as.dto.project.search.NoProjectSearchCriteria as.dto.experiment.search.NoExperimentSearchCriteria as.dto.sample.search.NoSampleSearchCriteria
	as.dto.space.search.NoSpaceSearchCriteria as.dto.common.search.StringStartsWithValue as.dto.common.search.StringPropertySearchCriteria
	as.dto.common.search.RegistrationDateSearchCriteria as.dto.common.search.ModificationDateSearchCriteria as.dto.common.search.ServerTimeZone
	as.dto.common.search.DateObjectLaterThanOrEqualToValue as.dto.dataset.search.PhysicalDataSearchCriteria as.dto.dataset.search.StatusSearchCriteria
	as.dto.pat.create.PersonalAccessTokenCreation as.dto.dataset.fetchoptions.LinkedDataFetchOptions as.dto.externaldms.fetchoptions.ExternalDmsFetchOptions
	dss.dto.datasetfile.id.DataSetFilePermId dss.dto.datasetfile.fastdownload.FastDownloadSessionOptions
`

// callEverything calls every method of the client that sends JSON-RPC.
func callEverything(t *testing.T, c *Client, s *openbistest.Server) {
	t.Helper()
	ctx := t.Context()
	d, lab := s.Lab.DataSets[0], s.Lab
	ds := &DataSet{PermID: d.PermID, DataStore: d.Store.Code}
	fail := func(what string, err error) {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := c.Schema(ctx)
	fail("Schema", err)
	_, err = c.Spaces(ctx)
	fail("Spaces", err)
	_, err = c.SpaceContents(ctx, lab.Spaces[0].Code)
	fail("SpaceContents", err)
	_, _, err = c.ProjectContents(ctx, lab.Projects[0].PermID)
	fail("ProjectContents", err)
	_, _, err = c.CollectionContents(ctx, lab.Experiments[0].PermID)
	fail("CollectionContents", err)
	_, err = c.ObjectContents(ctx, lab.Samples[0].PermID)
	fail("ObjectContents", err)
	_, err = c.Files(ctx, ds)
	fail("Files", err)
	_, err = c.SearchFiles(ctx, ds)
	fail("SearchFiles", err)
	_, err = c.CreateFastDownloadSession(ctx, ds, "original")
	fail("CreateFastDownloadSession", err)
	_, err = c.ObjectTypes(ctx)
	fail("ObjectTypes", err)
	_, err = c.CollectionTypes(ctx)
	fail("CollectionTypes", err)
	_, err = c.DataSetTypes(ctx)
	fail("DataSetTypes", err)
	_, err = c.PropertyTypes(ctx)
	fail("PropertyTypes", err)
	_, err = c.Vocabularies(ctx)
	fail("Vocabularies", err)
	_, err = c.ListDataStores(ctx)
	fail("ListDataStores", err)
	_, err = c.SearchDataStores(ctx)
	fail("SearchDataStores", err)
	_, err = c.ServerInformation(ctx)
	fail("ServerInformation", err)
	_, err = c.SessionInformation(ctx)
	fail("SessionInformation", err)
	_, err = c.IsSessionActive(ctx)
	fail("IsSessionActive", err)
	_, err = c.CreatePersonalAccessToken(ctx, "x", time.Now(), time.Now().Add(time.Hour))
	fail("CreatePersonalAccessToken", err)
	fail("UnarchiveDataSets", c.UnarchiveDataSets(ctx, d.PermID))
	everySearch(t, c, s)
	everyGet(t, c, s)
	fail("Logout", c.Logout(ctx))
	_, err = c.Spaces(ctx)
	fail("Spaces", err)
}
