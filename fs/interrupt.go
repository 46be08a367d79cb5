package fs

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// interruptGrace is how long an operation goes on after its program was
// interrupted. Short enough for Ctrl-C, long enough that most operations end
// before it: many programs treat EINTR as a failure.
const interruptGrace = 200 * time.Millisecond

// begin returns the context for the operation of one request. It lives as long
// as the mount, at most limit, and ends some grace after the request was
// interrupted; then the operation's error is context.Canceled, which is EINTR.
// Nothing of the request's own context is handed down, because the channel
// behind it is used again for later requests. The caller calls done before it
// returns.
func (v *volume) begin(req context.Context, limit time.Duration) (ctx context.Context, done func()) {
	ctx, cancel := context.WithTimeout(v.life, limit)
	stop := context.AfterFunc(req, func() {
		grace := time.NewTimer(interruptGrace)
		defer grace.Stop()
		select {
		case <-grace.C:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		stop()
		cancel()
	}
}

// beginClose is begin for a close by the thread pid, which may wait long. Signals that a program lives on with, such as
// those that Go programs send themselves all the time, don't end this wait: to many programs an interrupted close is
// a failed one. The kernel tells of the first signal only, so that others are looked for as long as it lasts.
func (v *volume) beginClose(req context.Context, pid uint32) (ctx context.Context, done func()) {
	ctx, cancel := context.WithTimeout(v.life, v.closeTimeout)
	stop := context.AfterFunc(req, func() {
		again := time.NewTicker(interruptGrace)
		defer again.Stop()
		for {
			select {
			case <-again.C:
				if pid == 0 || askedToEnd(procDir, pid) {
					cancel()
					return
				}
			case <-ctx.Done():
				return
			}
		}
	})
	return ctx, func() {
		stop()
		cancel()
	}
}

// endings are the signals with which programs are asked to end.
const endings = 1<<(syscall.SIGHUP-1) | 1<<(syscall.SIGINT-1) | 1<<(syscall.SIGQUIT-1) | 1<<(syscall.SIGKILL-1) | 1<<(syscall.SIGTERM-1)

// askedToEnd tells whether a thread has been sent one of the endings. A thread that is gone has.
func askedToEnd(proc string, pid uint32) bool {
	text, err := os.ReadFile(filepath.Join(proc, strconv.FormatUint(uint64(pid), 10), "status"))
	return err != nil || pendingSignals(string(text))&endings != 0
}

// pendingSignals returns the set of signals, bit n-1 for signal n, that wait for a thread with this /proc/PID/status
// and are not blocked.
func pendingSignals(status string) uint64 {
	var pending, blocked uint64
	for line := range strings.Lines(status) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		set, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		if err != nil {
			continue
		}
		switch key {
		case "SigPnd", "ShdPnd": // the thread's own, and those of its process
			pending |= set
		case "SigBlk":
			blocked = set
		}
	}
	return pending &^ blocked
}
