package main

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os/user"
	"strconv"
	"strings"
	"time"
)

// seconds is a duration flag that also takes a bare number of seconds, as mount options are written.
type seconds time.Duration

func newSeconds(d *time.Duration, value time.Duration) *seconds {
	*d = value
	return (*seconds)(d)
}

func (s *seconds) Set(text string) error {
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		text += "s"
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return errors.New("want a duration such as 60 (seconds), 90s or 5m")
	}
	*s = seconds(d)
	return nil
}
func (s *seconds) String() string { return time.Duration(*s).String() }
func (s *seconds) Type() string   { return "duration" }

// byteSize is a number of bytes with an optional unit. K, M, G and T are powers of 1024.
type byteSize int64

func (b *byteSize) Set(text string) error {
	number := strings.TrimRight(text, "iBbKkMmGgTt")
	unit := strings.ToUpper(text[len(number):])
	shift := map[string]uint{
		"": 0, "B": 0, "K": 10, "KB": 10, "KIB": 10, "M": 20, "MB": 20, "MIB": 20, "G": 30, "GB": 30, "GIB": 30, "T": 40, "TB": 40, "TIB": 40,
	}
	bits, known := shift[unit]
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !known || n < 0 || n*float64(int64(1)<<bits) > math.MaxInt64/2 {
		return errors.New("want a size such as 512M or 2GiB")
	}
	*b = byteSize(n * float64(int64(1)<<bits))
	return nil
}

func (b *byteSize) String() string {
	n := int64(*b)
	for _, u := range []struct {
		name string
		bits uint
	}{{"GiB", 30}, {"MiB", 20}, {"KiB", 10}} {
		if n >= 1<<u.bits && n%(1<<u.bits) == 0 {
			return fmt.Sprintf("%d%s", n>>u.bits, u.name)
		}
	}
	return strconv.FormatInt(n, 10)
}
func (b *byteSize) Type() string { return "size" }

// ownID stands for the id of whoever mounts.
const ownID = -1

// account is a user or a group, given as a name or a number.
type account struct {
	group bool
	id    int64
}

func (a *account) Set(text string) error {
	if n, err := strconv.ParseUint(text, 10, 32); err == nil && n != math.MaxUint32 {
		a.id = int64(n)
		return nil
	}
	var id string
	if a.group {
		g, err := user.LookupGroup(text)
		if err != nil {
			return fmt.Errorf("there is no group %q", text)
		}
		id = g.Gid
	} else {
		u, err := user.Lookup(text)
		if err != nil {
			return fmt.Errorf("there is no user %q", text)
		}
		id = u.Uid
	}
	n, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		return fmt.Errorf("%q has the id %q, which is no number", text, id)
	}
	a.id = int64(n)
	return nil
}

func (a *account) String() string {
	if a.id == ownID {
		return ""
	}
	return strconv.FormatInt(a.id, 10)
}

func (a *account) Type() string {
	if a.group {
		return "group"
	}
	return "user"
}

// or returns the id, or own for [ownID].
func (a *account) or(own int) uint32 {
	if a.id == ownID {
		return uint32(own)
	}
	return uint32(a.id)
}

// fileMode is an octal permission mask.
type fileMode uint32

func (m *fileMode) Set(text string) error {
	n, err := strconv.ParseUint(text, 8, 32)
	if err != nil || n > 0o777 {
		return errors.New("want an octal mask such as 022")
	}
	*m = fileMode(n)
	return nil
}
func (m *fileMode) String() string { return fmt.Sprintf("%04o", uint32(*m)) }
func (m *fileMode) Type() string   { return "mask" }

// logLevel is a level of log/slog by its lower-case name.
type logLevel struct{ slog.Level }

func (l *logLevel) Set(text string) error {
	if l.UnmarshalText([]byte(text)) != nil {
		return errors.New("want debug, info, warn or error")
	}
	return nil
}
func (l *logLevel) String() string { return strings.ToLower(l.Level.String()) }
func (l *logLevel) Type() string   { return "level" }
