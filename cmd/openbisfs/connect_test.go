package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

// mountInProcess runs `mount --foreground` as far as the connection, which fails in these tests.
func mountInProcess(ctx context.Context, t *testing.T, url string, flags ...string) (exitCode, string) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	var stderr bytes.Buffer
	args := append([]string{"openbisfs", "mount", "--foreground", url, t.TempDir(), "--user=demo", "--password-command=echo demo"}, flags...)
	code := run(ctx, args, t.Output(), &stderr)
	return code, stderr.String()
}

func TestAServerThatFailsIsExplained(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault openbistest.Fault
		flags []string
		code  exitCode
		want  string
	}{
		{"silent", openbistest.Fault{Kind: openbistest.Stall}, []string{"--metadata-timeout=0.2"}, exitUnreachable, "does not answer in time (--metadata-timeout 200ms)"},
		{"broken", openbistest.Fault{Kind: openbistest.Status, Status: 500, Times: -1}, []string{"--metadata-timeout=0.5"}, exitUnreachable, "can't be reached"},
		{"behind a login page", openbistest.Fault{Kind: openbistest.LoginPage, Times: -1}, nil, exitUnreachable, "is no openBIS"},
		{"something else", openbistest.Fault{Kind: openbistest.Status, Status: 404, Times: -1}, nil, exitUnreachable, "is no openBIS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := openbistest.NewServer(t, openbistest.Options{})
			server.Faults.Add(c.fault)
			code, said := mountInProcess(t.Context(), t, server.URL, c.flags...)
			if code != c.code || !strings.HasPrefix(said, "openbisfs: "+server.URL) || !strings.Contains(said, c.want) || strings.Count(said, "\n") != 1 {
				t.Errorf("exit code %d, %q; want %d, %q", code, said, c.code, c.want)
			}
		})
	}
}

func TestAnInterruptWhileConnectingEndsAtOnce(t *testing.T) {
	server := openbistest.NewServer(t, openbistest.Options{})
	stalled := server.Faults.Add(openbistest.Fault{Kind: openbistest.Stall})
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		<-stalled.Hit()
		interrupt()
	}()
	code, said := mountInProcess(ctx, t, server.URL, "--metadata-timeout=1h")
	if code != exitInterrupted || said != "openbisfs: interrupted\n" {
		t.Errorf("exit code %d, %q", code, said)
	}
}

func TestTheTokenIsTakenFromTheEnvironment(t *testing.T) {
	t.Setenv(tokenVariable, "jdoe-230914102255123x5A0F5A0F5A0F5A0F5A0F5A0F5A0F5A0F")
	if code := run(t.Context(), []string{"openbisfs", "version"}, t.Output(), t.Output()); code != exitOK {
		t.Error(code)
	}
	if token, ok := os.LookupEnv(tokenVariable); ok {
		t.Errorf("children would inherit %q", token)
	}
}
