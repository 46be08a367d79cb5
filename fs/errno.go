package fs

import (
	"context"
	"errors"
	iofs "io/fs"
	"os"
	"path"
	"syscall"

	"github.com/openbisfs/openbisfs/client"
)

// errnoOf translates an error of the packages below. The order matters: an
// error can wrap several causes, the most telling one comes first. What nobody
// knows is EIO. ENOSYS is never an answer, because the kernel would remember it
// for the whole mount.
func errnoOf(err error) syscall.Errno {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		return syscall.EINTR
	case errors.Is(err, errCrawler):
		return syscall.EPERM
	case errors.Is(err, client.ErrArchived), errors.Is(err, client.ErrLinked), errors.Is(err, client.ErrCorrupt):
		return syscall.EIO
	case errors.Is(err, client.ErrForbidden), errors.Is(err, client.ErrUnauthenticated):
		return syscall.EACCES
	case isTimeout(err):
		return syscall.ETIMEDOUT
	case errors.Is(err, client.ErrUnavailable), errors.Is(err, client.ErrProtocol):
		return syscall.EIO
	case errors.Is(err, iofs.ErrNotExist), errors.Is(err, client.ErrNotFound):
		return syscall.ENOENT
	case errors.Is(err, syscall.ENAMETOOLONG):
		return syscall.ENAMETOOLONG
	default:
		return syscall.EIO
	}
}

// isTimeout recognises deadlines of contexts, sockets and network errors.
func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// fail translates the error of an operation, which ran on ctx, for the kernel,
// and tells the log what the errno cannot say.
func (v *volume) fail(ctx context.Context, op, path string, err error) syscall.Errno {
	errno := errnoOf(err)
	if errno == syscall.EINTR && ctx.Err() == nil {
		// Somebody below gave up, not the program that waits: nobody sent a signal.
		errno = syscall.EIO
	}
	switch errno {
	case syscall.ENOENT, syscall.EINTR:
		v.log.Debug("request failed", "op", op, "path", path, "errno", errnoName(errno), "err", err)
	default:
		if ok, suppressed := v.failures.admit(); ok {
			args := []any{"op", op, "path", path, "errno", errnoName(errno), "err", err}
			if suppressed > 0 {
				args = append(args, "suppressed", suppressed)
			}
			v.log.Error("request failed", args...)
		}
	}
	return errno
}

func errnoName(errno syscall.Errno) string {
	switch errno {
	case syscall.EIO:
		return "EIO"
	case syscall.EACCES:
		return "EACCES"
	case syscall.ETIMEDOUT:
		return "ETIMEDOUT"
	case syscall.ENOENT:
		return "ENOENT"
	case syscall.EINTR:
		return "EINTR"
	default:
		return errno.Error()
	}
}

// path returns the path of n, or of a name in n, as the user sees it.
func (n *node) path(name string) string {
	return path.Join(n.vol.dir, n.Path(nil), name)
}

// parentIno returns the inode number of "..".
func (n *node) parentIno() uint64 {
	if _, parent := n.Parent(); parent != nil {
		return parent.StableAttr().Ino
	}
	return n.StableAttr().Ino
}
