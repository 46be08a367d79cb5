package fs

import (
	"strings"
	"syscall"

	"github.com/openbisfs/openbisfs/cache/staging"
)

// damage is why what was written is incomplete, and must not be registered
// unless somebody asks for it.
type damage struct {
	reason string
	errno  syscall.Errno // for who closes
}

// wasKilled is the damage by a program that did not get to its end, which nobody has to be told.
var wasKilled = &damage{reason: "the program that wrote it was killed"}

// damageOf is the damage by a write that failed. The program that was told may
// close the file all the same.
func damageOf(err error) *damage {
	return &damage{reason: "writing failed: " + err.Error(), errno: stagedErrno(err)}
}

// spoil notes the first damage.
func (s *staged) spoil(d *damage) { s.spoiled.CompareAndSwap(nil, d) }

// heldFor is why a draft is held, nil if it is not.
func heldFor(d *staging.Draft) *damage {
	if d.State() != staging.Held {
		return nil
	}
	return &damage{reason: strings.TrimPrefix(d.Info().Error, staging.ErrHeld.Error()+": ")}
}
