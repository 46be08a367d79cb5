package fs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// operation is what a handler does: it begins, waits as long as the work takes,
// and reports when and how it ended.
func operation(req context.Context, v *volume, limit, work time.Duration) (time.Duration, error) {
	ctx, done := v.begin(req, limit)
	defer done()
	start := time.Now()
	select {
	case <-time.After(work):
		return time.Since(start), nil
	case <-ctx.Done():
		return time.Since(start), ctx.Err()
	}
}

func TestAnInterruptEndsAnOperationAfterAGrace(t *testing.T) {
	tests := []struct {
		name      string
		work      time.Duration
		interrupt time.Duration // after which the signal comes, 0: never
		limit     time.Duration
		wantAfter time.Duration
		wantErr   error
	}{
		{"undisturbed", time.Second, 0, time.Minute, time.Second, nil},
		{"slow, interrupted", time.Hour, time.Second, time.Minute, time.Second + interruptGrace, context.Canceled},
		{"nearly done, interrupted", time.Second + interruptGrace/2, time.Second, time.Minute, time.Second + interruptGrace/2, nil},
		{"too slow", time.Hour, 0, time.Minute, time.Minute, context.DeadlineExceeded},
		{"too slow, interrupted at the end", time.Hour, time.Minute - interruptGrace/2, time.Minute, time.Minute, context.DeadlineExceeded},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := &volume{life: t.Context()}
				req, interrupt := context.WithCancel(t.Context())
				defer interrupt()
				if test.interrupt > 0 {
					defer time.AfterFunc(test.interrupt, interrupt).Stop()
				}
				after, err := operation(req, v, test.limit, test.work)
				if after != test.wantAfter || !errors.Is(err, test.wantErr) {
					t.Errorf("ended after %v with %v, want %v with %v", after, err, test.wantAfter, test.wantErr)
				}
			})
		})
	}
}

func TestOperationsEndWithTheMount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		life, unmount := context.WithCancel(t.Context())
		v := &volume{life: life}
		time.AfterFunc(time.Second, unmount)
		if after, err := operation(t.Context(), v, time.Minute, time.Hour); after != time.Second || err == nil {
			t.Errorf("ended after %v with %v, want a second", after, err)
		}
	})
}

func TestARequestThatWasHandledDoesNotDisturbLaterOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &volume{life: t.Context()}
		first, interruptFirst := context.WithCancel(t.Context())
		if _, err := operation(first, v, time.Minute, time.Second); err != nil {
			t.Fatal(err)
		}
		interruptFirst()
		if after, err := operation(t.Context(), v, time.Minute, time.Second); err != nil || after != time.Second {
			t.Errorf("the second request ended after %v with %v", after, err)
		}
	})
}

func TestOnlySignalsThatEndAProgramEndItsClose(t *testing.T) {
	const urg, term, kill = 1 << 22, 1 << 14, 1 << 8
	status := func(own, shared, blocked uint64) string {
		return fmt.Sprintf("Name:\tcp\nSigQ:\t1/95\nSigPnd:\t%016x\nShdPnd:\t%016x\nSigBlk:\t%016x\nSigIgn:\t0000000000000000\n", own, shared, blocked)
	}
	for _, test := range []struct {
		name   string
		status string
		want   bool
	}{
		{"nothing", status(0, 0, 0), false},
		{"a Go program's own", status(urg, 0, 0), false},
		{"to the process", status(urg, term, 0), true},
		{"killed", status(kill, 0, 0), true},
		{"blocked", status(0, term, term), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			proc := t.TempDir()
			if err := os.Mkdir(filepath.Join(proc, "7"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(proc, "7", "status"), []byte(test.status), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := askedToEnd(proc, 7); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
	if !askedToEnd(t.TempDir(), 7) {
		t.Error("a thread that is gone goes on")
	}
}
