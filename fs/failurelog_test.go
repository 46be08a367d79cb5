package fs

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAFloodOfFailuresIsLoggedInPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l failureLog
		written := func(failures int) (lines, suppressed int) {
			for range failures {
				if ok, n := l.admit(); ok {
					lines++
					suppressed += n
				}
			}
			return lines, suppressed
		}
		if lines, _ := written(1000); lines != failureBurst {
			t.Errorf("%d lines for 1000 failures at once, want %d", lines, failureBurst)
		}
		<-time.After(3 * failureInterval)
		lines, suppressed := written(1000)
		if lines != 3 {
			t.Errorf("%d lines after three intervals, want 3", lines)
		}
		if want := 1000 - failureBurst; suppressed != want {
			t.Errorf("%d reported as not written, want %d", suppressed, want)
		}
		<-time.After(2 * failureBurst * failureInterval)
		if lines, _ := written(1000); lines != failureBurst {
			t.Errorf("%d lines after a long silence, want %d", lines, failureBurst)
		}
	})
}
