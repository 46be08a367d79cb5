package fs

import (
	"context"
	"errors"
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
