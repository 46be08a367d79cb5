package main

import (
	"strings"
	"testing"
)

func TestAMountCanStartAnywhere(t *testing.T) {
	for raw, want := range map[string]target{
		"https://lab.example":                                        {"https://lab.example", ""},
		"https://lab.example/":                                       {"https://lab.example", ""},
		"https://lab.example:8443/openbis":                           {"https://lab.example:8443", ""},
		"https://lab.example/openbis/webapp/eln-lims/?menu=null":     {"https://lab.example", ""},
		"https://lab.example/MATERIALS/ALLOYS":                       {"https://lab.example", "/MATERIALS/ALLOYS"},
		"openbis://lab.example/MATERIALS":                            {"https://lab.example", "/MATERIALS"},
		"http://127.0.0.1:8080/MATERIALS/":                           {"http://127.0.0.1:8080", "/MATERIALS"},
		"https://lab.example/openbis/MATERIALS/ALLOYS/SAMPLES/S%201": {"https://lab.example", "/MATERIALS/ALLOYS/SAMPLES/S 1"},
	} {
		if got, err := parseTarget(raw); err != nil || got != want {
			t.Errorf("%s is %+v, %v; want %+v", raw, got, err, want)
		}
	}
}

func TestURLsThatAreNoneOrHaveSecretsAreRefused(t *testing.T) {
	for _, raw := range []string{
		"", "lab.example", "ftp://lab.example", "https://", "https://lab.example/?sessionID=x", "https://lab.example/#x",
		"https://jdoe:geheim@lab.example/", "https://jdoe:geh@eim@lab.example", "https://jdoe:geheim@lab.example:port", "jdoe:geheim@lab.example",
	} {
		got, err := parseTarget(raw)
		if codeOf(err) != exitUsage {
			t.Errorf("%s is %+v, %v", raw, got, err)
		} else if strings.Contains(err.Error(), "geh") {
			t.Errorf("the error has the password: %v", err)
		}
	}
}
