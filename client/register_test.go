package client

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// uploadAndRegister does what a caller does for a small file.
func uploadAndRegister(t *testing.T, f *scriptedServer, plan Plan) (string, error) {
	t.Helper()
	ds := fileDraft("a.txt", []byte("content"))
	if err := f.client.UploadDataSet(t.Context(), plan, ds, nil); err != nil {
		t.Fatal(err)
	}
	return f.client.RegisterDataSet(t.Context(), plan, ds)
}

// methodOf is the method that registers.
func methodOf(route Route) string {
	if route == UploadedDataSet {
		return "createUploadedDataSet"
	}
	return "createReportFromAggregationService"
}

const userFailure = "ch.systemsx.cisd.common.exceptions.UserFailureException"

func TestWhatTheAnswerToARegistrationMeans(t *testing.T) {
	plan := planOf(DatasetUploader)
	token := "jdoe-260301100000001x0123456789ABCDEF0123456789ABCDEF"
	parameters := "{permId=x, sessionToken=" + token + "}"
	refused := []error{ErrRefused}
	retryable := []error{}
	unknown := []error{ErrOutcomeUnknown}
	for name, c := range map[string]struct {
		routes []Route // nil is those of services
		answer string
		permID string
		want   []error
		says   string
	}{
		"OK":                       {answer: table("STATUS", "OK", "MESSAGE", "Operation Successful", "RESULT", "20260301100000000-18"), permID: "20260301100000000-18"},
		"columns in another order": {answer: table("RESULT", "20260301100000000-18", "STATUS", "OK"), permID: "20260301100000000-18"},
		"FAIL":                     {answer: table("STATUS", "FAIL", "MESSAGE", "Operation Failed"), want: refused, says: "Operation Failed"},
		"mandatory property": {
			answer: table("Parameters", parameters, "Error", "Chosen plugin failed to create a report: Value of mandatory property 'TITLE' not specified."),
			want:   refused, says: "registration refused: Value of mandatory property 'TITLE' not specified.",
		},
		"unknown owner": {
			answer: table("Parameters", parameters, "Error", "Object with SampleIdentifier = [/S/P/O] has not been found."),
			want:   []error{ErrRefused, ErrNotFound},
		},
		"no rights in the service": {
			answer: table("Parameters", parameters, "Error", `Authorization failure: ERROR: "None of method roles '[PROJECT_USER]' could be found"`),
			want:   []error{ErrRefused, ErrForbidden},
		},
		"upload gone": {
			answer: table("Parameters", parameters, "Error", "java.io.FileNotFoundException: /store/sessionWorkspace/"+token+"/"+plan.UploadID+".zip (No such file or directory)"),
			want:   append(retryable, ErrServer),
		},
		"no space":           {answer: table("Parameters", parameters, "Error", "There is not enough free space on share 1"), want: append(retryable, ErrServer)},
		"store cannot reach": {answer: table("Parameters", parameters, "Error", "org.springframework.remoting.RemoteAccessException: Could not access"), want: unknown},
		"another table":      {answer: table("A", "1", "B", "2"), want: unknown},
		"no rows":            {answer: `{"@type":"QueryTableModel","columns":[],"rows":[]}`, want: unknown},
		"no table":           {answer: `null`, want: unknown},
		"no such service": {
			answer: failWith(userFailure, "No plugin registered for key 'x'."), want: []error{ErrRefused, ErrNotFound},
		},
		"no role": {
			routes: []Route{DatasetUploader, JupyterUploader, UploadedDataSet},
			answer: failWith(userFailure, `Authorization failure: ERROR: "None of method roles '[PROJECT_OBSERVER]'`), want: []error{ErrRefused, ErrForbidden},
		},
		"session": {
			routes: []Route{DatasetUploader, JupyterUploader, UploadedDataSet},
			answer: failWith("ch.systemsx.cisd.common.exceptions.InvalidSessionException", "Session token '"+token+"' is invalid: user is not logged in."),
			want:   append(retryable, ErrUnavailable),
		},
		"session in the service": {
			answer: table("Parameters", parameters, "Error", "Session token '"+token+"' is invalid: user is not logged in."), want: append(retryable, ErrUnavailable),
		},
		"internal error": {
			routes: []Route{DatasetUploader, JupyterUploader, UploadedDataSet},
			answer: failWith("java.lang.NullPointerException", "null"), want: unknown,
		},
		"method not found": {
			routes: []Route{DatasetUploader, UploadedDataSet},
			answer: `!{"code":-32601,"message":"method not found"}`, want: []error{ErrRefused, errors.ErrUnsupported},
		},
		"created":         {routes: []Route{UploadedDataSet}, answer: `{"@type":"as.dto.dataset.id.DataSetPermId","@id":1,"permId":"20260301100000000-19"}`, permID: "20260301100000000-19"},
		"created nothing": {routes: []Route{UploadedDataSet}, answer: `null`, want: refused},
		"dropbox failed":  {routes: []Route{UploadedDataSet}, answer: failWith("ch.systemsx.cisd.common.exceptions.EnvironmentFailureException", "Could not process file a.txt"), want: refused, says: "Could not process file"},
		"unknown type": {
			routes: []Route{UploadedDataSet}, want: []error{ErrRefused, ErrNotFound},
			answer: failWith("ch.systemsx.cisd.common.exceptions.MasqueradingException", "Object with EntityTypePermId = [RAW_DATA] has not been found."),
		},
		"used up": {
			routes: []Route{UploadedDataSet}, want: append(retryable, ErrServer),
			answer: failWith(userFailure, "No uploaded files found for upload id 'openbisfs-0011223344556677'"),
		},
	} {
		if c.routes == nil {
			c.routes = []Route{DatasetUploader, JupyterUploader}
		}
		for _, route := range c.routes {
			t.Run(name+" of "+string(route), func(t *testing.T) {
				f := newScriptedServer(t)
				f.answers[methodOf(route)] = func([]json.RawMessage) string { return c.answer }
				f.answers["listFilesForDataSet"] = func([]json.RawMessage) string { return `[]` }
				id, err := uploadAndRegister(t, f, planOf(route))
				if id != c.permID || (err == nil) != (c.want == nil) {
					t.Errorf("got %q, %v", id, err)
				}
				for _, sentinel := range []error{ErrRefused, ErrOutcomeUnknown, ErrForbidden, ErrNotFound, ErrUnavailable, ErrServer, ErrUnauthenticated} {
					if errors.Is(err, sentinel) != contains(c.want, sentinel) {
						t.Errorf("%v: %v is %v", err, sentinel, errors.Is(err, sentinel))
					}
				}
				if err != nil && (!strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "x0123456789ABCDEF") || strings.Contains(err.Error(), "sessionToken=")) {
					t.Errorf("it says %q", err)
				}
				if n := f.count(methodOf(route)); n != 1 {
					t.Errorf("%d requests", n)
				}
			})
		}
	}
}

func contains(all []error, e error) bool {
	for _, a := range all {
		if a == e { //nolint:errorlint // the table names sentinels
			return true
		}
	}
	return false
}

func TestAnAnswerThatIsLostLeavesTheOutcomeOpenAndIsNotAskedForAgain(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"reset": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"500":   func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", 500) },
		"502":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) },
		"504":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(504) },
		"truncated": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`{"json`))
		},
		"garbage": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"jsonrpc":"2.0"`)) },
		"page": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("<html><title>Sign in</title></html>"))
		},
	} {
		for _, route := range []Route{DatasetUploader, UploadedDataSet, JupyterUploader} {
			t.Run(name+" of "+string(route), func(t *testing.T) {
				f := newScriptedServer(t)
				f.handler[methodOf(route)] = handler
				_, err := uploadAndRegister(t, f, planOf(route))
				if !errors.Is(err, ErrOutcomeUnknown) || errors.Is(err, ErrRefused) {
					t.Errorf("got %v", err)
				}
				if n := f.count(methodOf(route)); n != 1 {
					t.Errorf("%d requests", n)
				}
			})
		}
	}
}

func TestARequestThatSomebodyHasNotLetPassIsNoRegistration(t *testing.T) {
	for _, status := range []int{302, 401, 403, 404, 405, 413, 429} {
		f := newScriptedServer(t)
		f.handler["createUploadedDataSet"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
		_, err := uploadAndRegister(t, f, planOf(UploadedDataSet))
		if err == nil || errors.Is(err, ErrOutcomeUnknown) || errors.Is(err, ErrRefused) {
			t.Errorf("%d: got %v", status, err)
		}
		// What was uploaded is there still, or is sent again.
		f.set(func() { delete(f.handler, "createUploadedDataSet") })
		f.answers["createUploadedDataSet"] = func([]json.RawMessage) string { return `{"permId":"P"}` }
		if id, err := uploadAndRegister(t, f, planOf(UploadedDataSet)); id != "P" || err != nil {
			t.Errorf("%d: got %q, %v", status, id, err)
		}
	}
}

func TestAServerThatCannotBeReachedHasRegisteredNothing(t *testing.T) {
	f := newScriptedServer(t)
	plan, ds := planOf(UploadedDataSet), fileDraft("a.txt", []byte("content"))
	if err := f.client.UploadDataSet(t.Context(), plan, ds, nil); err != nil {
		t.Fatal(err)
	}
	transport, ok := f.client.verdicts.Transport.(*http.Transport)
	if !ok {
		t.Fatal("another transport")
	}
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dial(ctx, network, "127.0.0.1:1")
	}
	_, err := f.client.RegisterDataSet(t.Context(), plan, ds)
	if !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrOutcomeUnknown) {
		t.Errorf("got %v", err)
	}
	transport.DialContext = dial
	f.answers["createUploadedDataSet"] = func([]json.RawMessage) string { return `{"permId":"P"}` }
	f.set(func() { f.calls["upload"] = 0 })
	if id, err := uploadAndRegister(t, f, plan); id != "P" || err != nil || f.count("upload") != 0 {
		t.Errorf("got %q, %v after %d uploads: what was there was good", id, err, f.count("upload"))
	}
}

func TestARegistrationThatTakesTooLongIsOpen(t *testing.T) {
	release := make(chan struct{})
	f := newScriptedServer(t, func(o *Options) { o.RegistrationTimeout = 50 * time.Millisecond })
	f.handler["createUploadedDataSet"] = func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}
	_, err := uploadAndRegister(t, f, planOf(UploadedDataSet))
	close(release)
	if !errors.Is(err, ErrOutcomeUnknown) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestTheSessionEndsBetweenUploadAndRegistration(t *testing.T) {
	for _, route := range []Route{UploadedDataSet, DatasetUploader, JupyterUploader} {
		t.Run(string(route), func(t *testing.T) {
			f := newScriptedServer(t)
			method := methodOf(route)
			f.answers[method] = func([]json.RawMessage) string {
				return map[bool]string{true: `{"permId":"P"}`, false: table("STATUS", "OK", "RESULT", "P")}[route == UploadedDataSet]
			}
			f.answers["listFilesForDataSet"] = func([]json.RawMessage) string { return `[]` }
			plan, ds := planOf(route), fileDraft("a.txt", []byte("content"))
			if err := f.client.UploadDataSet(t.Context(), plan, ds, nil); err != nil {
				t.Fatal(err)
			}
			f.set(func() { f.dead[strings.Replace(fakeToken, "%d", "1", 1)] = true })
			_, err := f.client.RegisterDataSet(t.Context(), plan, ds)
			if err == nil || errors.Is(err, ErrOutcomeUnknown) || errors.Is(err, ErrRefused) || errors.Is(err, ErrUnauthenticated) {
				t.Fatalf("got %v", err)
			}
			if id, err := uploadAndRegister(t, f, plan); id != "P" || err != nil {
				t.Errorf("got %q, %v", id, err)
			}
			if f.tokens != 2 || len(f.stored(2)) != 1 {
				t.Errorf("%d logins, %d files", f.tokens, len(f.stored(2)))
			}
		})
	}
}

func TestADuplicateOfOurOwnPermIDIsSuccess(t *testing.T) {
	f := newScriptedServer(t)
	plan := planOf(DatasetUploader)
	f.answers["createReportFromAggregationService"] = func([]json.RawMessage) string {
		return table("Parameters", "", "Error", "DataSet with code '"+plan.PermID+"' already exists.")
	}
	if _, err := uploadAndRegister(t, f, plan); !errors.Is(err, ErrRefused) {
		t.Errorf("in the trash: got %v", err)
	}
	f.answers["getDataSets"] = func([]json.RawMessage) string {
		return `{"` + plan.PermID + `":{"permId":{"permId":"` + plan.PermID + `"},"kind":"PHYSICAL"}}`
	}
	if id, err := uploadAndRegister(t, f, plan); id != plan.PermID || err != nil {
		t.Errorf("got %q, %v", id, err)
	}
}

func TestTheGenerationOfTheJupyterServiceIsFoundOnce(t *testing.T) {
	f := newScriptedServer(t)
	f.answers["listFilesForDataSet"] = func([]json.RawMessage) string { return `[]` }
	f.answers["createReportFromAggregationService"] = func(p []json.RawMessage) string {
		var request struct {
			Sample   *struct{ Identifier string }
			SampleID json.RawMessage
		}
		_ = json.Unmarshal(p[3], &request)
		if request.Sample == nil || !strings.HasPrefix(string(request.SampleID), "{") {
			return table("Parameters", "", "Error", "mandatory parameter sampleId is missing")
		}
		return table("STATUS", "OK", "MESSAGE", "Dataset registration successful", "RESULT", "P")
	}
	for i, want := range []int{2, 3, 4} {
		if id, err := uploadAndRegister(t, f, planOf(JupyterUploader)); id != "P" || err != nil || f.count("createReportFromAggregationService") != want {
			t.Errorf("%d: got %q, %v after %d requests", i, id, err, f.count("createReportFromAggregationService"))
		}
	}
}

func TestADropboxThatFailsSilentlyIsExplained(t *testing.T) {
	f := newScriptedServer(t)
	f.answers["createUploadedDataSet"] = func([]json.RawMessage) string {
		return failWith("ch.systemsx.cisd.common.exceptions.EnvironmentFailureException", "Could not process file a.txt")
	}
	f.answers["isSessionActive"] = func([]json.RawMessage) string { return "true" }
	f.answers["searchDataSetTypes"] = func([]json.RawMessage) string {
		return `{"objects":[{"code":"RAW_DATA","propertyAssignments":[{"mandatory":true,"propertyType":{"code":"TITLE"}},{"mandatory":false,"propertyType":{"code":"NOTES"}}]}],"totalCount":1}`
	}
	plan, ds := planOf(UploadedDataSet), fileDraft("a.txt", nil)
	ds.Properties = map[string]string{"notes": "x", "COLOUR": "red"}
	if err := f.client.UploadDataSet(t.Context(), plan, ds, nil); err != nil {
		t.Fatal(err)
	}
	_, err := f.client.RegisterDataSet(t.Context(), plan, ds)
	const want = "Could not process file a.txt; property TITLE is mandatory; type RAW_DATA has no property COLOUR"
	if !errors.Is(err, ErrRefused) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}
