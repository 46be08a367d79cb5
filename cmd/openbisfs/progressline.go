package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// progressLine shows how far something is, on a terminal only.
type progressLine struct {
	out   io.Writer // nil: nowhere
	shown bool
}

func newProgressLine(out io.Writer) *progressLine {
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &progressLine{out: out}
	}
	return &progressLine{}
}

func (p *progressLine) hear(r reply) {
	if p.out == nil || r.Progress == nil {
		return
	}
	p.show("%s", r.Progress)
}

// show replaces the line.
func (p *progressLine) show(format string, args ...any) {
	if p.out != nil {
		_, _ = fmt.Fprintf(p.out, "\r%s\x1b[K", fmt.Sprintf(format, args...))
		p.shown = true
	}
}

// end takes the line away.
func (p *progressLine) end() {
	if p.shown {
		_, _ = io.WriteString(p.out, "\r\x1b[K")
	}
}

func (p *progress) String() string {
	switch {
	case p.Left == 0:
		return "finishing"
	case p.Sent >= p.Bytes:
		return fmt.Sprintf("%s left, the server is registering", plural(p.Left, "upload"))
	}
	return fmt.Sprintf("%s left, %s of %s sent (%d%%)", plural(p.Left, "upload"), humanBytes(p.Sent), humanBytes(p.Bytes), int(100*float64(p.Sent)/float64(p.Bytes)))
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// humanBytes writes a number of bytes with three digits.
func humanBytes(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1024, "KiB"
	for _, next := range []string{"MiB", "GiB", "TiB", "PiB"} {
		if value < 999.5 {
			break
		}
		value, unit = value/1024, next
	}
	if value < 9.95 {
		return fmt.Sprintf("%.1f %s", value, unit)
	}
	return fmt.Sprintf("%.0f %s", value, unit)
}
