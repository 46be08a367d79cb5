package client

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// goldenErrors says what each recorded envelope means. nil: it is an answer.
var goldenErrors = map[string]error{
	"as/errors/invalid_session.json":              ErrUnauthenticated,
	"as/errors/session_expired.json":              ErrUnauthenticated,
	"as/errors/pat_hash_empty.json":               ErrUnauthenticated,
	"as/errors/user_failure_with_context.json":    ErrNotFound,
	"as/errors/user_failure_empty_context.json":   ErrServer,
	"as/errors/object_access_denied.json":         ErrForbidden,
	"as/errors/unsupported_object_id.json":        ErrServer,
	"as/errors/authorization_failure.json":        ErrForbidden,
	"as/errors/authorization_failure_direct.json": ErrForbidden,
	"as/errors/illegal_argument.json":             ErrServer,
	"as/errors/null_pointer.json":                 ErrServer,
	"as/errors/null_message.json":                 ErrServer,
	"as/errors/masqueraded_foreign_class.json":    ErrServer,
	"as/errors/unicode_message.json":              ErrServer,
	"as/errors/method_not_found.json":             errors.ErrUnsupported,
	"as/errors/method_missing.json":               errors.ErrUnsupported,
	"as/errors/wrong_params_too_few.json":         ErrProtocol,
	"as/errors/wrong_params_too_many.json":        ErrProtocol,
	"as/errors/params_missing.json":               ErrProtocol,
	"as/errors/params_named.json":                 ErrProtocol,
	"as/errors/param_type_unknown.json":           ErrProtocol,
	"as/errors/param_type_missing.json":           ErrProtocol,
	"as/errors/param_bad_number.json":             ErrProtocol,
	"as/errors/param_bad_enum.json":               ErrProtocol,
	"as/errors/parse_error.json":                  ErrProtocol,
	"as/errors/parse_error_trailing.json":         ErrProtocol,
	"as/errors/empty_body.json":                   ErrProtocol,
	"as/errors/invalid_request_scalar.json":       ErrProtocol,
	"as/errors/invalid_request_empty_array.json":  ErrProtocol,
	"as/errors/notification_no_id.json":           ErrProtocol,
	"as/errors/null_id.json":                      ErrProtocol,
	"as/errors/id_number.json":                    nil,
	"as/errors/id_string.json":                    nil,
	"as/errors/version_missing.json":              nil,
	"as/errors/version_1.json":                    nil,
	"as/errors/batch_mixed.json":                  ErrUnavailable, // status 500 and no answer to a single call
	"as/errors/batch_good.json":                   ErrProtocol,

	"dss/errors/v1_invalid_session.json":    ErrUnauthenticated,
	"dss/errors/v1_user_failure.json":       ErrNotFound,
	"dss/errors/v1_authorization.json":      ErrForbidden,
	"dss/errors/v1_illegal_argument.json":   ErrNotFound,
	"dss/errors/v1_null_message.json":       ErrServer,
	"dss/errors/v1_method_not_found.json":   errors.ErrUnsupported,
	"dss/errors/v1_wrong_params.json":       ErrProtocol,
	"dss/errors/v1_parse_error.json":        ErrProtocol,
	"dss/errors/v1_unknown_field.json":      ErrProtocol,
	"dss/errors/v3_invalid_session.json":    ErrUnauthenticated,
	"dss/errors/v3_content_missing.json":    ErrNotFound,
	"dss/errors/v3_download_over_json.json": errors.ErrUnsupported,
}

func TestRealErrorEnvelopesBecomeTheRightErrors(t *testing.T) {
	seen := 0
	for _, dir := range []string{"as/errors/", "dss/"} {
		for _, recorded := range goldenJSON[[]struct {
			File       string
			HTTPStatus int `json:"httpStatus"`
		}](t, dir+"INDEX.json") {
			name := dir + recorded.File
			if !strings.Contains(name, "/errors/") {
				continue
			}
			want, known := goldenErrors[name]
			if !known {
				t.Errorf("%s: what should it mean?", name)
				continue
			}
			seen++
			c := replay(t, map[string]reply{"*": {recorded.HTTPStatus, golden(t, name)}})
			_, err := c.invoke(t.Context(), c.asURL(asV3), "searchSpaces", goldenToken)
			if !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("%s: got %v, want %v", name, err, want)
			}
			if err != nil && strings.Contains(err.Error(), goldenToken) {
				t.Errorf("%s: the error has the token in it: %v", name, err)
			}
		}
	}
	if seen != len(goldenErrors) {
		t.Errorf("%d of %d envelopes were read", seen, len(goldenErrors))
	}
}

func TestLongMessagesAreShortened(t *testing.T) {
	c := replay(t, map[string]reply{"*": {200, golden(t, "as/errors/param_type_unknown.json")}})
	_, err := c.Spaces(t.Context())
	var e *Error
	if !errors.As(err, &e) || len(e.Message) > 510 || e.Message == "" {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNoOpenBISIsSaidInAFewWords(t *testing.T) {
	page := "<!DOCTYPE html><html><head><title>SWITCH edu-ID &amp; Login</title></head>" + strings.Repeat("x", 200<<10) + "</html>"
	for _, test := range []struct {
		status int
		body   string
		want   error
		says   string
	}{
		{200, page, ErrProtocol, `titled "SWITCH edu-ID & Login"`},
		{200, "", ErrProtocol, "empty"},
		{200, "{", ErrProtocol, "not JSON"},
		{200, `{"jsonrpc":"2.0","id":"1"}`, ErrProtocol, "no answer"},
		{404, page, ErrProtocol, "404"},
		{403, page, ErrForbidden, ""},
		{500, page, ErrUnavailable, "500"},
		{500, `{"status":"down"}`, ErrUnavailable, "500"},
	} {
		c := replay(t, map[string]reply{"*": {test.status, []byte(test.body)}})
		_, err := c.Spaces(t.Context())
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) || len(err.Error()) > 300 {
			t.Errorf("%d %.30q: got %v", test.status, test.body, err)
		}
	}
}

func TestAVerdictOfTheServerIsPermanent(t *testing.T) {
	for err, want := range map[error]bool{
		ErrNotFound: true, ErrForbidden: true, ErrUnauthenticated: true, ErrArchived: true, ErrLinked: true,
		ErrUnavailable: false, ErrProtocol: false, ErrServer: false, ErrCorrupt: false, context.DeadlineExceeded: false,
	} {
		if got := (&Error{Op: "download", Err: err}).Permanent(); got != want {
			t.Errorf("%v: got %v", err, got)
		}
	}
}
