package fs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// unmountLimit bounds one run of fusermount3.
const unmountLimit = 10 * time.Second

// Unmount unmounts the file system on dir. A lazy unmount succeeds although
// programs still use it; without, that is [unix.EBUSY].
func Unmount(dir string, lazy bool) error { return unmount(context.Background(), dir, lazy) }

func unmount(ctx context.Context, dir string, lazy bool) error {
	var err error
	// A program that has just ended may still hold its last descriptor.
	for pause := 5 * time.Millisecond; pause < 200*time.Millisecond; pause *= 2 {
		if err = unmountOnce(ctx, dir, lazy); !errors.Is(err, unix.EBUSY) {
			break
		}
		time.Sleep(pause)
	}
	if err != nil {
		return fmt.Errorf("unmounting %s: %w", dir, err)
	}
	return nil
}

func unmountOnce(ctx context.Context, dir string, lazy bool) error {
	if os.Geteuid() == 0 {
		flags := unix.UMOUNT_NOFOLLOW
		if lazy {
			flags |= unix.MNT_DETACH
		}
		return unix.Unmount(dir, flags)
	}
	return fusermount(ctx, dir, lazy)
}

// fusermount asks the set-user-id helper, the only one who may unmount for an
// ordinary user.
func fusermount(ctx context.Context, dir string, lazy bool) error {
	ctx, cancel := context.WithTimeout(ctx, unmountLimit)
	defer cancel()
	args := []string{"-u"}
	if lazy {
		args = append(args, "-z")
	}
	cmd := exec.CommandContext(ctx, "fusermount3", append(args, "--", dir)...)
	cmd.Dir = "/" // never inside of what is being unmounted
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		text := strings.TrimSpace(stderr.String())
		if strings.Contains(text, "busy") {
			return fmt.Errorf("%w: %s", unix.EBUSY, text)
		}
		if text != "" {
			return fmt.Errorf("%w: %s", err, text)
		}
		return err
	}
	return nil
}
