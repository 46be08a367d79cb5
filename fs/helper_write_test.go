package fs

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// helperMapped creates FILE of SIZE bytes, writes TEXT through a mapping of it,
// and closes it before or after that (ORDER: "map-write-close" or "map-close-write").
func helperMapped(args []string) (any, error) {
	size, err := strconv.Atoi(args[1])
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(args[0], os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(int64(size)); err != nil {
		return nil, err
	}
	mapped, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	if args[3] == "map-close-write" {
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	copy(mapped, args[2])
	if err := unix.Msync(mapped, unix.MS_SYNC); err != nil {
		return nil, err
	}
	if err := unix.Munmap(mapped); err != nil {
		return nil, err
	}
	if args[3] == "map-write-close" {
		return "", f.Close()
	}
	return "", nil
}

// helperOpenFlags creates FILE, and says what O_EXCL, and appending through two
// descriptors, do with it.
func helperOpenFlags(args []string) (any, error) {
	f, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	_, again := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	appending, err := os.OpenFile(args[0], os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, err
	}
	_, err1 := f.WriteString("one ")
	_, err2 := appending.WriteString("two ")
	_, err3 := appending.WriteString("three")
	return errorName(again), errors.Join(err1, err2, err3, appending.Close(), f.Close())
}

// helperStuck creates FILE, writes TEXT, says so, and waits to be killed.
func helperStuck(args []string) (any, error) {
	f, err := os.Create(args[0])
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteString(args[1]); err != nil {
		return nil, err
	}
	if _, err := fmt.Println("written"); err != nil {
		return nil, err
	}
	select {}
}

// helperSave writes TEXT to FILE and returns the errno of close.
func helperSave(args []string) (any, error) {
	f, err := os.Create(args[0])
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteString(args[1]); err != nil {
		return nil, err
	}
	return errorName(f.Close()), nil
}
