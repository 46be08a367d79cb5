package openbistest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestProtocolErrorsAreThoseOfTheRealServer sends the golden requests whose outcome does not depend on the service.
func TestProtocolErrorsAreThoseOfTheRealServer(t *testing.T) {
	s := goldenServer(t)
	token := "t"
	jdoe := s.person("jdoe")
	s.sessions.byToken[token] = &session{Token: token, Person: jdoe, Creator: jdoe, used: s.now()}
	var index []struct {
		File        string          `json:"file"`
		Request     json.RawMessage `json:"request"`
		RequestText *string         `json:"requestText"`
		HTTPStatus  int             `json:"httpStatus"`
	}
	if err := json.Unmarshal(readGolden(t, "errors/INDEX.json"), &index); err != nil {
		t.Fatal(err)
	}
	// Situations that the golden program made up by throwing from a stand-in service.
	thrown := map[string]bool{
		"user_failure_with_context.json": true, "user_failure_empty_context.json": true, "object_access_denied.json": true,
		"unsupported_object_id.json": true, "authorization_failure.json": true, "authorization_failure_direct.json": true,
		"illegal_argument.json": true, "null_pointer.json": true, "null_message.json": true, "masqueraded_foreign_class.json": true,
		"unicode_message.json": true, "invalid_session.json": true, "session_expired.json": true,
	}
	checked := 0
	for _, e := range index {
		if thrown[e.File] {
			continue
		}
		checked++
		t.Run(strings.TrimSuffix(e.File, ".json"), func(t *testing.T) {
			request := []byte(e.Request)
			if e.RequestText != nil {
				request = []byte(*e.RequestText)
			}
			if bytes.Equal(request, []byte("null")) {
				request = nil
			}
			status, got := post(t, s.URL+v3Path, request)
			if status != e.HTTPStatus {
				t.Errorf("status %d, want %d", status, e.HTTPStatus)
			}
			want := readGolden(t, "errors/"+e.File)
			if strings.HasPrefix(e.File, "param_") {
				got, want = errorHead(t, got), errorHead(t, want)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("\n got %q\nwant %q", got, want)
			}
		})
	}
	if checked < 20 {
		t.Errorf("only %d situations", checked)
	}
}

// errorHead is what of an error body does not depend on Jackson's internals: code, class and the beginning of the message.
func errorHead(tb testing.TB, body []byte) []byte {
	tb.Helper()
	var b struct {
		Error struct {
			Code    int
			Message string
			Data    struct {
				ExceptionTypeName string
			}
		}
	}
	if err := json.Unmarshal(body, &b); err != nil {
		tb.Fatalf("%v: %s", err, body)
	}
	b.Error.Message, _, _ = strings.Cut(b.Error.Message, "\n at [Source")
	b.Error.Message, _, _ = strings.Cut(b.Error.Message, ": value not one of declared")
	b.Error.Message, _, _ = strings.Cut(b.Error.Message, ": known type ids")
	head, err := json.Marshal(b)
	if err != nil {
		tb.Fatal(err)
	}
	return head
}

func TestThrownErrorsHaveTheirGoldenForm(t *testing.T) {
	s := goldenServer(t)
	call := func(method, params string) []byte {
		_, body := post(t, s.URL+v3Path, []byte(`{"jsonrpc":"2.0","id":"1","method":"`+method+`","params":`+params+`}`))
		return body
	}
	unknown := strings.Replace(goldenJdoe, "F", "0", 1)
	for _, test := range []struct{ file, method, params string }{
		{"invalid_session.json", "searchSpaces", `["` + goldenJdoe + `",{"operator":"OR"},{"from":0}]`},
		{"illegal_argument.json", "searchSpaces", `["` + goldenJdoe + `",null,{"from":0}]`},
	} {
		if test.file == "invalid_session.json" {
			delete(s.sessions.byToken, goldenJdoe)
		}
		got, want := string(call(test.method, test.params)), string(readGolden(t, "errors/"+test.file))
		if test.file == "invalid_session.json" {
			s.sessions.byToken[goldenJdoe] = &session{Token: goldenJdoe, Person: s.person("jdoe"), used: s.now()}
		}
		want = strings.ReplaceAll(want, "ExceptionUtils.java:29", "ExceptionUtils.java:27")
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", test.file, got, want)
		}
	}
	s.ExpireSessions()
	if got, want := string(call("getServerInformation", `["`+goldenJdoe+`"]`)), string(readGolden(t, "errors/session_expired.json")); got != want {
		t.Errorf("expired:\n got %s\nwant %s", got, want)
	}
	if got := string(call("getServerInformation", `["`+unknown+`"]`)); !strings.Contains(got, "is invalid: user is not logged in.") {
		t.Errorf("unknown: %s", got)
	}
}

// TestRequestsAreDecodedAsTheRealDecoderDoes sends all deviating requests; accepted ones must not fail in the decoder.
func TestRequestsAreDecodedAsTheRealDecoderDoes(t *testing.T) {
	s := goldenServer(t)
	jdoe := s.person("jdoe")
	for _, token := range []string{"t", "5"} {
		s.sessions.byToken[token] = &session{Token: token, Person: jdoe, Creator: jdoe, used: s.now()}
	}
	var deviations []struct {
		Name              string
		Method            string
		Params            json.RawMessage
		Decoder           string
		ExceptionTypeName string
		MessageStart      string
	}
	if err := json.Unmarshal(readGolden(t, "requests/deviations.json"), &deviations); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, d := range deviations {
		if strings.HasPrefix(d.Method, "create") {
			continue // registration is not simulated yet
		}
		checked++
		t.Run(d.Name, func(t *testing.T) {
			request, err := json.Marshal(map[string]any{"id": 1, "method": d.Method, "params": d.Params})
			if err != nil {
				t.Fatal(err)
			}
			status, body := post(t, s.URL+v3Path, request)
			if status != http.StatusOK {
				t.Fatalf("status %d: %s", status, body)
			}
			var answer struct {
				Error *struct {
					Data struct{ ExceptionTypeName, Message string }
				}
			}
			if err := json.Unmarshal(body, &answer); err != nil {
				t.Fatal(err)
			}
			if d.Decoder == "accepts" {
				if answer.Error != nil && strings.Contains(answer.Error.Data.ExceptionTypeName, "jackson") {
					t.Errorf("refused: %s", body)
				}
				return
			}
			if answer.Error == nil {
				t.Fatalf("accepted, want %s", d.ExceptionTypeName)
			}
			if got := answer.Error.Data.ExceptionTypeName; got != d.ExceptionTypeName {
				t.Errorf("class %s, want %s", got, d.ExceptionTypeName)
			}
			want := d.MessageStart
			for _, tail := range []string{"\n at [Source", ": known type ids", ": value not one", " (through"} {
				want, _, _ = strings.Cut(want, tail)
			}
			if !strings.HasPrefix(answer.Error.Data.Message, want) {
				t.Errorf("message %q, want %q", answer.Error.Data.Message, want)
			}
		})
	}
	if checked < 45 {
		t.Errorf("only %d deviations", checked)
	}
}
