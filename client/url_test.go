package client

import (
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	for _, test := range []struct{ raw, base, start string }{
		{"https://host", "https://host", ""},
		{"https://host/", "https://host", ""},
		{"https://host:8443/openbis", "https://host:8443", ""},
		{"https://host/openbis/", "https://host", ""},
		{"https://host/openbis/openbis", "https://host", ""},
		{"http://127.0.0.1:80/openbis/openbis//", "http://127.0.0.1:80", ""},
		{"https://[::1]:443/LAB", "https://[::1]:443", "/LAB"},
		{"https://host/LAB/P1/E1/", "https://host", "/LAB/P1/E1"},
		{"https://host/openbis/LAB/P1", "https://host", "/LAB/P1"},
		{"https://host/openbis/openbis/LAB", "https://host", "/LAB"},
		{"https://host/OPENBIS/P1", "https://host", "/OPENBIS/P1"},
		{"https://host/openbis/openbis/openbis", "https://host", "/openbis"},
		{"https://host/openbisX", "https://host", "/openbisX"},
		{" https://host/LAB/A%20B ", "https://host", "/LAB/A B"},
	} {
		base, start, err := ParseURL(test.raw)
		if base != test.base || start != test.start || err != nil {
			t.Errorf("%q: got %q, %q, %v", test.raw, base, start, err)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for _, raw := range []string{
		"", "host", "host:8443", "//host", "ftp://host", "https://", "https:host", "https://user@host", "https://user:geheim@host/LAB",
		"https://host/LAB?x=geheim", "https://host/#geheim", "https://ho st", "https://host:geheim/", "https://user:geheim@ho st/",
	} {
		base, start, err := ParseURL(raw)
		if err == nil {
			t.Errorf("%q: got %q, %q", raw, base, start)
		} else if strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: the error repeats it: %v", raw, err)
		}
	}
}

func TestStoreURL(t *testing.T) {
	const server = "https://as.example.org:8443"
	for registered, want := range map[string]string{
		"":                              "https://as.example.org:8443/datastore_server",
		" ":                             "https://as.example.org:8443/datastore_server",
		"/":                             "https://as.example.org:8443/datastore_server",
		"https://dss:8444":              "https://dss:8444/datastore_server",
		"https://dss:8444/":             "https://dss:8444/datastore_server",
		"https://dss/datastore_server":  "https://dss/datastore_server",
		"https://dss/datastore_server/": "https://dss/datastore_server",
		"http://dss/prefix//":           "http://dss/prefix/datastore_server",
		"dss.example.org:443":           "https://dss.example.org:443/datastore_server",
	} {
		if got, err := storeURL(registered, server); got != want || err != nil {
			t.Errorf("%q: got %q, %v", registered, got, err)
		}
	}
	for _, registered := range []string{"ftp://dss", "https://", "https://u:p@dss", "https://d ss"} {
		if got, err := storeURL(registered, server); err == nil {
			t.Errorf("%q: got %q", registered, got)
		}
	}
}

func TestEveryElementOfAPathIsEscaped(t *testing.T) {
	const path = "2-1/original/a b/%25#?;|[]^\\/ü实验😀+&=.,"
	got := escapePath(path)
	want := "2-1/original/a%20b/%2525%23%3F%3B%7C%5B%5D%5E%5C/%C3%BC%E5%AE%9E%E9%AA%8C%F0%9F%98%80+&=.%2C"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
