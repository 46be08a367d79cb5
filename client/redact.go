package client

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
)

// Session tokens are "<user>-<15 digits>x<32 hex digits>", personal access tokens the same with "$pat-" in front
// (openBIS source, SessionTokenHash.java and PersonalAccessTokenHash.java). The server quotes them in messages.
// The id of a download session is as good as a token for the files in it.
var secrets = []*regexp.Regexp{
	regexp.MustCompile(`(\$pat-)?[^\s'"=&/,;:<>()\[\]]*-\d{15}x[0-9A-Fa-f]{32}`),
	regexp.MustCompile(`(?i)((?:user)?sessionID|downloadSessionId|downloadStreamId|DownloadSessionId\[id|DownloadStreamId\[id)=[^\s'"&\]]+`),
	regexp.MustCompile(`\$pat-[^\s'"&,]+`),
}

// redact removes everything from s that has the form of a token.
func redact(s string) string {
	s = secrets[0].ReplaceAllString(s, "[token]")
	s = secrets[1].ReplaceAllString(s, "$1=[token]")
	return secrets[2].ReplaceAllString(s, "[token]")
}

// withoutURL removes net/http's wrapping, whose text is the URL with the token in its query.
func withoutURL(err error) error {
	var e *url.Error
	for errors.As(err, &e) {
		err = e.Err
	}
	return err
}

// hide removes secrets that are known from the server's words in err: tokens need not have the usual form.
func hide(err error, secrets ...string) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	message := e.Message
	for _, s := range secrets {
		if s != "" {
			message = strings.ReplaceAll(message, s, "[token]")
		}
	}
	if message == e.Message {
		return err
	}
	hidden := *e
	hidden.Message = message
	return &hidden
}
