package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/term"

	"github.com/openbisfs/openbisfs/client"
)

// tokenVariable is the environment variable that may hold a token.
const tokenVariable = "OPENBISFS_TOKEN"

// credentials is who logs in and with what. It goes to the daemon through a pipe, never through argv or environment.
type credentials struct {
	User     string
	Password string // for the first login, and for all when it was typed in
	Token    string

	// Where the password of a later login comes from.
	PasswordFile    string
	PasswordCommand string
}

// credentials finds the secret: the source with the highest origin wins, a token over a password.
func (c *connection) credentials(ctx context.Context, inv *invocation, from origins) (credentials, error) {
	tokenOrigin := from["token-file"]
	if inv.token != "" && tokenOrigin <= fromEnvironment {
		tokenOrigin = fromEnvironment
	} else {
		inv.token = ""
	}
	passwordOrigin := max(from["user"], from["password-file"], from["password-command"])
	switch {
	case tokenOrigin == fromFlag && passwordOrigin == fromFlag:
		return credentials{}, failf(exitUsage, "--token-file and --user or --password-… exclude each other")
	case from["password-file"] == fromFlag && from["password-command"] == fromFlag:
		return credentials{}, failf(exitUsage, "--password-file and --password-command exclude each other")
	case tokenOrigin != fromDefault && tokenOrigin >= passwordOrigin:
		return c.tokenCredentials(inv.token)
	case c.user == "" && passwordOrigin == fromDefault:
		return credentials{}, failf(exitUsage, "no credentials: give --user NAME, --token-file FILE, or set %s", tokenVariable)
	case c.user == "":
		return credentials{}, failf(exitUsage, "whose password is it? Give --user NAME")
	}

	found := credentials{User: c.user, PasswordFile: c.passwordFile, PasswordCommand: c.passwordCommand}
	if from["password-file"] > from["password-command"] {
		found.PasswordCommand = ""
	} else if from["password-command"] != fromDefault {
		found.PasswordFile = ""
	}
	var err error
	if found.PasswordFile == "" && found.PasswordCommand == "" {
		found.Password, err = promptPassword(ctx, found.User)
	} else {
		found.Password, err = found.readPassword(ctx, inv.err)
	}
	return found, err
}

func (c *connection) tokenCredentials(token string) (credentials, error) {
	source := tokenVariable
	if token == "" {
		source = c.tokenFile
		content, err := readSecretFile(c.tokenFile)
		if err != nil {
			return credentials{}, err
		}
		token = string(content)
	}
	token = strings.TrimSpace(token)
	if token == "" || strings.ContainsAny(token, " \t\r\n\x00") {
		return credentials{}, failf(exitConfig, "%s does not hold a token: want one line of text", source)
	}
	return credentials{Token: token}, nil
}

// readPassword asks the password file or command.
func (c *credentials) readPassword(ctx context.Context, stderr io.Writer) (string, error) {
	var content []byte
	source := c.PasswordFile
	if c.PasswordFile != "" {
		var err error
		if content, err = readSecretFile(c.PasswordFile); err != nil {
			return "", err
		}
	} else {
		source = "the password command"
		cmd := exec.CommandContext(ctx, "/bin/sh", "-c", c.PasswordCommand)
		cmd.Stderr = stderr
		var err error
		if content, err = cmd.Output(); err != nil {
			return "", failf(exitConfig, "the password command failed: %w", err)
		}
	}
	password, rest, _ := strings.Cut(string(content), "\n")
	password = strings.TrimSuffix(password, "\r")
	if password == "" || strings.TrimSpace(rest) != "" {
		return "", failf(exitConfig, "%s does not give a password: want exactly one line", source)
	}
	return password, nil
}

// fill hands the credentials to the client. The first login uses the password that is known already.
func (c *credentials) fill(o *client.Options, stderr io.Writer) {
	o.User, o.Token = c.User, c.Token
	if c.Token != "" {
		return
	}
	var once sync.Once
	o.Password = func(ctx context.Context) (password string, err error) {
		first := false
		once.Do(func() { first = true })
		if first || c.PasswordFile == "" && c.PasswordCommand == "" {
			return c.Password, nil
		}
		return c.readPassword(ctx, stderr)
	}
}

// maxSecret bounds a secret file: nobody's password is longer.
const maxSecret = 64 << 10

// readSecretFile reads a file that only its owner may read: others could read the secret, or put theirs there.
func readSecretFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, failf(exitConfig, "there is no file %s", path)
	}
	if err != nil {
		return nil, failf(exitConfig, "can't read the secret: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, failf(exitConfig, "can't read the secret: %w", err)
	}
	if info.Mode().IsRegular() { // a pipe, such as <(command), has no others to keep out
		if info.Mode().Perm()&0o077 != 0 {
			return nil, failf(exitConfig, "%s can be read or changed by others (mode %04o): run chmod 600 %s", path, info.Mode().Perm(), path)
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() && st.Uid != 0 {
			return nil, failf(exitConfig, "%s belongs to another user: a secret file must belong to you or to root", path)
		}
	}
	content, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return nil, failf(exitConfig, "can't read the secret: %w", err)
	}
	if len(content) > maxSecret {
		return nil, failf(exitConfig, "%s is too large for a secret", path)
	}
	return bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")), nil
}

// promptPassword asks on the terminal, without echo.
func promptPassword(ctx context.Context, user string) (string, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", failf(exitUsage, "there is no terminal to ask for the password of %s: give --password-file, --password-command or --token-file", user)
	}
	defer tty.Close()
	fd := int(tty.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("ask for the password: %w", err)
	}
	_, _ = fmt.Fprintf(tty, "Password of %s: ", user)
	type answer struct {
		password []byte
		err      error
	}
	answers := make(chan answer, 1)
	go func() {
		password, err := term.ReadPassword(fd)
		answers <- answer{password, err}
	}()
	select {
	case <-ctx.Done():
		_ = term.Restore(fd, before)
		_, _ = fmt.Fprintln(tty)
		return "", ctx.Err()
	case a := <-answers:
		_, _ = fmt.Fprintln(tty)
		if a.err != nil {
			return "", fmt.Errorf("ask for the password: %w", a.err)
		}
		if len(a.password) == 0 {
			return "", failf(exitUsage, "no password given")
		}
		return string(a.password), nil
	}
}
