package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openbisfs/openbisfs/client"
)

func secretFile(t *testing.T, mode os.FileMode, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask says
		t.Fatal(err)
	}
	return path
}

func TestASecretFileIsForItsOwnerOnly(t *testing.T) {
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o620, 0o660} {
		path := secretFile(t, mode, "geheim\n")
		_, err := readSecretFile(path)
		if codeOf(err) != exitConfig || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
	for _, mode := range []os.FileMode{0o600, 0o400} {
		if got, err := readSecretFile(secretFile(t, mode, "geheim\n")); err != nil || string(got) != "geheim\n" {
			t.Errorf("mode %04o: %q, %v", mode, got, err)
		}
	}
	if _, err := readSecretFile(filepath.Join(t.TempDir(), "none")); codeOf(err) != exitConfig {
		t.Error("a file that is not there:", err)
	}
}

// found returns the credentials that `mount` finds; "TOKEN" in token stands for the environment.
func found(t *testing.T, token, config string, args ...string) (credentials, error) {
	t.Helper()
	call, from, err := merged(t, config, args...)
	if err != nil {
		t.Fatal(err)
	}
	return call.credentials(t.Context(), &invocation{err: t.Output(), token: token}, from)
}

func TestTheStrongestSourceOfCredentialsWins(t *testing.T) {
	password, token := secretFile(t, 0o600, "file word\r\n"), secretFile(t, 0o600, "  file-token\n")
	for _, c := range []struct {
		name, environment, config string
		args                      []string
		want                      credentials
	}{
		{"password file", "", "", []string{"-u", "jdoe", "--password-file", password}, credentials{User: "jdoe", Password: "file word", PasswordFile: password}},
		{"password command", "", "", []string{"-u", "jdoe", "--password-command", "echo 'said word'"}, credentials{User: "jdoe", Password: "said word", PasswordCommand: "echo 'said word'"}},
		{"token file", "", "", []string{"--token-file", token}, credentials{Token: "file-token"}},
		{"token of the environment", "env-token", "", nil, credentials{Token: "env-token"}},
		{"flag over environment", "env-token", "", []string{"--token-file", token}, credentials{Token: "file-token"}},
		{"password flags over environment", "env-token", "", []string{"-u", "jdoe", "--password-file", password}, credentials{User: "jdoe", Password: "file word", PasswordFile: password}},
		{"environment over file", "env-token", "user = \"jdoe\"\npassword-file = \"" + password + "\"", nil, credentials{Token: "env-token"}},
		{"user as a flag, password of the file", "", "password-file = \"" + password + "\"", []string{"-u", "jdoe"}, credentials{User: "jdoe", Password: "file word", PasswordFile: password}},
		{"command as a flag over the file's password file", "", "password-file = \"" + password + "\"", []string{"-u", "jdoe", "--password-command", "echo x"}, credentials{User: "jdoe", Password: "x", PasswordCommand: "echo x"}},
	} {
		if got, err := found(t, c.environment, c.config, c.args...); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", c.name, got, err, c.want)
		}
	}
}

func TestCredentialsThatCannotBeUsedAreRefused(t *testing.T) {
	empty, two := secretFile(t, 0o600, "\n"), secretFile(t, 0o600, "one\ntwo\n")
	for _, c := range []struct {
		name string
		args []string
		code exitCode
		want string
	}{
		{"none", nil, exitUsage, "--user NAME"},
		{"no user", []string{"--password-file", two}, exitUsage, "--user NAME"},
		{"both", []string{"-u", "x", "--token-file", two}, exitUsage, "exclude each other"},
		{"two passwords", []string{"-u", "x", "--password-file", two, "--password-command", "true"}, exitUsage, "exclude each other"},
		{"an empty password", []string{"-u", "x", "--password-file", empty}, exitConfig, "does not give a password"},
		{"two lines", []string{"-u", "x", "--password-file", two}, exitConfig, "exactly one line"},
		{"a command that fails", []string{"-u", "x", "--password-command", "exit 3"}, exitConfig, "failed"},
		{"a command that says nothing", []string{"-u", "x", "--password-command", "true"}, exitConfig, "does not give a password"},
		{"an empty token", []string{"--token-file", empty}, exitConfig, "does not hold a token"},
		{"two tokens", []string{"--token-file", two}, exitConfig, "does not hold a token"},
	} {
		_, err := found(t, "", "", c.args...)
		if codeOf(err) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v (exit code %d), want %q", c.name, err, codeOf(err), c.want)
		}
	}
}

func TestALaterLoginAsksTheSourceAgain(t *testing.T) {
	path := secretFile(t, 0o600, "first\n")
	c := credentials{User: "jdoe", Password: "first", PasswordFile: path}
	var o client.Options
	c.fill(&o, t.Output())
	if err := os.WriteFile(path, []byte("second\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"first", "second", "second"} {
		if got, err := o.Password(t.Context()); err != nil || got != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	typed := credentials{User: "jdoe", Password: "typed"}
	typed.fill(&o, t.Output())
	for range 2 {
		if got, err := o.Password(t.Context()); err != nil || got != "typed" {
			t.Errorf("%q, %v", got, err)
		}
	}
}
