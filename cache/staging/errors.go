package staging

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/openbisfs/openbisfs/client"
)

// The reasons for which an operation on a draft fails, besides errors of the local disk and of package client. Where
// an errno is meant, [errors.As] finds it.
var (
	// ErrBusy means that the draft can't be changed now: its registration is under way, it has open writers, or another
	// process works on it. It is EBUSY.
	ErrBusy error = &errnoError{syscall.EBUSY, "draft is busy"}
	// ErrSealed means that the draft's content is final. It is EROFS.
	ErrSealed error = &errnoError{syscall.EROFS, "draft is sealed"}
	// ErrEmpty means that a draft directory has no file that could be registered.
	ErrEmpty = errors.New("draft has no files")
	// ErrTemporary means that a draft has the name of a temporary file, which is never registered.
	ErrTemporary = errors.New("name of a temporary file")
	// ErrLink means that a draft has a symbolic link in the place of which no file can be registered.
	ErrLink = errors.New("openBIS has no symbolic links, and only copies of files in the same folder can replace them")
	// ErrPending means that the outcome is open still: the work goes on in the background.
	ErrPending = errors.New("registration goes on in the background")
	// ErrHeld means that the draft is registered only on request.
	ErrHeld = errors.New("draft is held")
	// ErrGone means that the draft is not here any more: released, or discarded. It is [fs.ErrNotExist].
	ErrGone error = &errnoError{syscall.ENOENT, "draft is gone"}
	// ErrDamaged means that the journal of a draft can't be read.
	ErrDamaged = errors.New("journal record is damaged")
	// ErrChanged means that staged content is not what was sealed.
	ErrChanged = errors.New("staged content changed after sealing")
	// ErrMismatch means that the registered Dataset does not have what was sent. The staged copy is kept.
	ErrMismatch = errors.New("registered content differs from the staged")
	// ErrFull means that the staging directory has reached its capacity. It is ENOSPC.
	ErrFull error = &errnoError{syscall.ENOSPC, "staging is full"}
	// ErrClosed means that the Store was closed.
	ErrClosed = fs.ErrClosed
)

// errnoError is a sentinel with a text of its own that is an errno, too.
type errnoError struct {
	errno syscall.Errno
	text  string
}

func (e *errnoError) Error() string { return e.text }
func (e *errnoError) Unwrap() error { return e.errno }

// localError is a failure of the local disk, which no server is to blame for.
type localError struct{ err error }

func (e *localError) Error() string { return "staging: " + e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

func local(err error) error {
	if err == nil {
		return nil
	}
	return &localError{err}
}

// refused tells whether an answer is final: the same request will not succeed.
func refused(err error) bool {
	return errors.Is(err, client.ErrRefused) || errors.Is(err, client.ErrForbidden) ||
		errors.Is(err, client.ErrNotFound) || errors.Is(err, errors.ErrUnsupported)
}

// away tells whether it is the server or the session that is not there, which says nothing about the draft.
func away(err error) bool {
	return errors.Is(err, client.ErrUnavailable) || errors.Is(err, client.ErrUnauthenticated) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

func stateError(op string, state State) error {
	switch state {
	case Released, Discarded:
		return fmt.Errorf("%s: %w", op, ErrGone)
	case Registering:
		return fmt.Errorf("%s: %w: its registration is under way", op, ErrBusy)
	case Damaged:
		return fmt.Errorf("%s: %w", op, ErrDamaged)
	default:
		return fmt.Errorf("%s: %w (%s)", op, ErrSealed, state)
	}
}
