package main

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Session tokens end in "-<15 digits>x<32 hex digits>", personal access tokens have "$pat-" in front (openBIS source,
// SessionTokenHash.java, PersonalAccessTokenHash.java). Nothing that logs should ever have one: this is the last line.
var tokenPatterns = []*regexp.Regexp{
	regexp.MustCompile(`(\$pat-)?[^\s'"=&/,;:<>()\[\]]*-\d{15}x[0-9A-Fa-f]{32}`),
	regexp.MustCompile(`\$pat-[^\s'"&,]+`),
	regexp.MustCompile(`(?i)(sessionID|sessionToken)=[^\s'"&]+`),
}

func redact(s string) string {
	for _, p := range tokenPatterns {
		s = p.ReplaceAllString(s, "[redacted]")
	}
	return s
}

// redactor is a writer that lets no secret pass. A log handler writes each record with one call.
type redactor struct {
	out     io.Writer
	secrets *strings.Replacer
}

// minSecret is the shortest password that is searched for: a shorter one is a part of ordinary words.
const minSecret = 6

func newRedactor(out io.Writer, c *credentials) *redactor {
	var pairs []string
	for _, secret := range []string{c.Token, c.Password} {
		if len(secret) >= minSecret {
			pairs = append(pairs, secret, "[redacted]")
		}
	}
	return &redactor{out, strings.NewReplacer(pairs...)}
}

func (r *redactor) Write(p []byte) (int, error) {
	if _, err := io.WriteString(r.out, redact(r.secrets.Replace(string(p)))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// newLogger returns a logger for records from level on, as "text" or "json".
func newLogger(out io.Writer, level slog.Level, format string) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(out, options))
	}
	return slog.New(slog.NewTextHandler(out, options))
}

// logFileName returns where the daemon of a mount point logs when nobody said where: one file for each mount point.
func logFileName(mountPoint string) string {
	name := strings.ReplaceAll(strings.Trim(mountPoint, "/"), "/", "-")
	const maxName = 200
	if len(name) > maxName {
		name = name[len(name)-maxName:]
	}
	return filepath.Join(stateDirectory("/var/log"), "openbisfs", name+".log")
}

// stateDirectory returns where programs of this user keep what they need the next time, or homeless for a user without a
// home directory.
func stateDirectory(homeless string) string {
	if state := os.Getenv("XDG_STATE_HOME"); state != "" {
		return state
	}
	if home := os.Getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "state")
	}
	return homeless
}

// rotateAt is the size from which a log is put aside at the next start.
const rotateAt = 16 << 20

// openLog opens a log for appending. Only its owner may read it: it has file names.
func openLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, failf(exitConfig, "can't make the directory of the log: %w", err)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() > rotateAt {
		_ = os.Rename(path, path+".1")
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, failf(exitConfig, "can't open the log: %w", err)
	}
	return f, nil
}
