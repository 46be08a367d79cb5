package main

import (
	"io"
	"strings"
	"testing"
)

func TestSizesAreWrittenWithUnits(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 10 << 10: "10 KiB", 1023 << 10: "1.0 MiB",
		1 << 20: "1.0 MiB", 5<<30 + 5<<29: "7.5 GiB", 999 << 40: "999 TiB", 1 << 60: "1024 PiB",
	} {
		if got := humanBytes(n); got != want {
			t.Errorf("humanBytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestProgressSaysWhatIsLeft(t *testing.T) {
	for _, c := range []struct {
		p    progress
		want string
	}{
		{progress{Left: 2, Sent: 1 << 20, Bytes: 3 << 20}, "2 uploads left, 1.0 MiB of 3.0 MiB sent (33%)"},
		{progress{Left: 1, Sent: 7, Bytes: 7}, "1 upload left, the server is registering"},
		{progress{}, "finishing"},
	} {
		if got := c.p.String(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.p, got, c.want)
		}
	}
}

func TestProgressIsForTerminalsOnly(t *testing.T) {
	var b strings.Builder
	line := newProgressLine(&b)
	line.hear(reply{Progress: &progress{Left: 1}})
	line.end()
	if b.Len() > 0 {
		t.Errorf("no terminal, but %q", b.String())
	}
	line = &progressLine{out: &b}
	line.hear(reply{Progress: &progress{Left: 1, Bytes: 1}})
	line.hear(reply{})
	line.end()
	if got := b.String(); !strings.HasPrefix(got, "\r1 upload left") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("on a terminal: %q", got)
	}
}

func TestWaitTakesADurationOrNothing(t *testing.T) {
	for _, c := range []struct {
		args []string
		want waitLimit
	}{
		{nil, waitLimit{}},
		{[]string{"--wait"}, waitLimit{asked: true}},
		{[]string{"--wait=90"}, waitLimit{asked: true, limit: 90e9}},
		{[]string{"--wait=5m"}, waitLimit{asked: true, limit: 300e9}},
	} {
		f := newFlagSet(&invocation{name: "openbisfs", out: io.Discard}, "umount")
		got := registerWait(f)
		if err := f.Parse(c.args); err != nil || *got != c.want {
			t.Errorf("%q: %+v, %v, want %+v", c.args, *got, err, c.want)
		}
	}
}
