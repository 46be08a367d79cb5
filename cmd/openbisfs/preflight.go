package main

import (
	"bufio"
	"errors"
	iofs "io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/fs"
)

const (
	fuseDevice     = "/dev/fuse"
	fuseConfigFile = "/etc/fuse.conf"
)

// preflight finds what would make the mount fail and says what to do about it.
func preflight(inv *invocation, job *mountJob) error {
	root := os.Geteuid() == 0
	if err := checkDevice(fuseDevice); err != nil {
		return err
	}
	if err := checkFusermount(root); err != nil {
		return err
	}
	if job.AllowOther {
		if err := checkAllowOther(fuseConfigFile, root); err != nil {
			return err
		}
	} else if int(job.UID) != os.Getuid() {
		return failf(exitUsage, "uid %d could not enter the mount, only you can: add --allow-other", job.UID)
	}
	if job.Insecure {
		inv.warn("--insecure: the certificate of %s is not verified; anyone on the way can read your password and your data", job.Target.URL)
	}
	if u, err := url.Parse(job.Target.URL); err == nil && u.Scheme == "http" && !loopback(u.Hostname()) {
		inv.warn("%s is not encrypted: anyone on the way can read your password and your data", job.Target.URL)
	}
	return checkMountPoint(inv, job.MountPoint)
}

// checkDevice tells whether FUSE is there.
func checkDevice(device string) error {
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	switch {
	case err == nil:
		return f.Close()
	case errors.Is(err, iofs.ErrNotExist), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return failf(exitNoFUSE, "%s is missing: run modprobe fuse as root, or start the container with --device /dev/fuse --cap-add SYS_ADMIN", device)
	case errors.Is(err, iofs.ErrPermission):
		return failf(exitNoFUSE, "you may not open %s: ask for membership of its group, or run chmod 666 %s as root", device, device)
	default:
		return failf(exitNoFUSE, "%s can't be opened: %w", device, err)
	}
}

// checkFusermount tells whether the program is there that mounts for ordinary users.
func checkFusermount(root bool) error {
	if root {
		return nil
	}
	if _, err := exec.LookPath("fusermount3"); err != nil {
		return failf(exitNoFUSE, "fusermount3 is missing: install the package fuse3 (Debian, Ubuntu: sudo apt-get install fuse3)")
	}
	return nil
}

// checkAllowOther tells whether the system's administrator lets users open their mounts to others.
func checkAllowOther(config string, root bool) error {
	if root {
		return nil
	}
	if f, err := os.Open(config); err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if strings.TrimSpace(lines.Text()) == "user_allow_other" {
				return nil
			}
		}
	}
	return failf(exitNoFUSE, "--allow-other needs the line user_allow_other in %s, which only root can add", config)
}

// checkMountPoint tells whether dir can be mounted on. A dead mount of ours on it is removed.
func checkMountPoint(inv *invocation, dir string) error {
	if err := fs.CleanStale(dir); err != nil && !errors.Is(err, iofs.ErrNotExist) {
		return failf(exitDeadMount, "%w", err)
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, iofs.ErrNotExist):
		return failf(exitNotFound, "the mount point %s does not exist: run mkdir %s", dir, dir)
	case err != nil:
		return failf(exitNotFound, "the mount point can't be used: %w", err)
	case !info.IsDir():
		return failf(exitNotFound, "the mount point %s is not a directory", dir)
	}
	mount, err := findMount(dir)
	if err != nil {
		return err
	}
	if mount != nil {
		return failf(exitBusy, "%s is mounted on %s already: run openbisfs umount %s first", mount.Source, dir, dir)
	}
	if os.Geteuid() != 0 && unix.Access(dir, unix.W_OK) != nil {
		return failf(exitNoFUSE, "you may not write to the mount point %s: mount on a directory of your own", dir)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() != 0 && info.Mode()&os.ModeSticky != 0 && int(st.Uid) != os.Getuid() {
		return failf(exitNoFUSE, "the mount point %s is shared by all users and not yours: mount on a directory of your own", dir)
	}
	d, err := os.Open(dir)
	if err != nil {
		return failf(exitNotFound, "the mount point can't be used: %w", err)
	}
	defer d.Close()
	if names, _ := d.Readdirnames(1); len(names) > 0 {
		inv.warn("%s is not empty: what is in it is hidden while something is mounted there", dir)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
