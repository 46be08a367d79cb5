package fs

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

func TestTheMountTableShowsWhatItIs(t *testing.T) {
	l := mountLab(t, func(o *labOptions) { o.config = func(c *Config) { c.FsName = "https://openbis.example" } })
	table, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if fields[1] != l.dir {
			continue
		}
		if fields[0] != "https://openbis.example" || fields[2] != "fuse.openbisfs" {
			t.Errorf("device %q of type %q", fields[0], fields[2])
		}
		for _, want := range []string{"ro", "nosuid", "nodev", "default_permissions"} {
			if !slices.Contains(strings.Split(fields[3], ","), want) {
				t.Errorf("option %q is missing in %q", want, fields[3])
			}
		}
		return
	}
	t.Errorf("%s is not in the mount table", l.dir)
}

func TestFileSystemFiguresAreSensibleAndCostNothing(t *testing.T) {
	l := mountLab(t)
	l.calls()
	figures := strings.Fields(l.run("stat", "-f", "-c", "%b %f %a %S %c %d %l", l.dir))
	for i, figure := range figures {
		if figure == "0" {
			t.Errorf("figure %d of %q is zero", i, figures)
		}
	}
	if n := l.calls(); n != 0 {
		t.Errorf("df cost %d calls", n)
	}
}

func TestAKilledMountIsReplaced(t *testing.T) {
	server := openbistest.NewServer(t, openbistest.Options{})
	tests := []struct {
		name   string
		in     func(dir string) string // where somebody stands when it happens
		via    func(t *testing.T, dir string) string
		mounts int
	}{
		{"nobody uses it", nil, nil, 1},
		{"somebody stands in it", func(dir string) string { return filepath.Join(dir, "MATERIALS") }, nil, 1},
		{"called by another name", nil, func(t *testing.T, dir string) string {
			link := filepath.Join(t.TempDir(), "link")
			if err := os.Symlink(dir, link); err != nil {
				t.Fatal(err)
			}
			return link
		}, 1},
		{"killed twice", nil, nil, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for range test.mounts {
				kill := startMount(t, server.URL, dir)
				if test.in != nil {
					defer stand(t, test.in(dir))()
				}
				kill()
			}
			if !isDead(dir) {
				t.Fatal("the mount is not dead")
			}
			name := dir
			if test.via != nil {
				name = test.via(t, dir)
			}
			l := mountLab(t, func(o *labOptions) { o.server, o.dir = server, name })
			if got := l.run("ls", dir); !strings.Contains(got, "MATERIALS") {
				t.Errorf("the new mount has %q", got)
			}
		})
	}
}

// startMount mounts in another process and returns a function that kills it.
func startMount(t *testing.T, url, dir string) (kill func()) {
	t.Helper()
	cmd := helperCommand(t.Context(), "mount", url, dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = CleanStale(dir) })
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// stand starts a process in a directory and returns a function that ends it.
func stand(t *testing.T, dir string) (leave func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `cd "$1" && echo here && exec cat`, "sh", dir)
	cmd.Dir = "/"
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("here\n"))); err != nil {
		t.Fatal(err)
	}
	return func() {
		_ = in.Close()
		_ = cmd.Wait()
	}
}

func TestALivingMountIsLeftAlone(t *testing.T) {
	l := mountLab(t)
	if err := CleanStale(l.dir); err != nil {
		t.Error(err)
	}
	if _, err := Mount(t.Context(), l.dir, Config{Tree: l.tree}); !errors.Is(err, ErrMounted) {
		t.Errorf("mounting again: %v, want %v", err, ErrMounted)
	}
	l.run("ls", l.dir)
}

func TestMountingOnNothingFails(t *testing.T) {
	l := mountLab(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]error{
		filepath.Join(t.TempDir(), "missing"): os.ErrNotExist,
		file:                                  unix.ENOTDIR,
	} {
		if _, err := Mount(t.Context(), dir, Config{Tree: l.tree}); !errors.Is(err, want) {
			t.Errorf("mounting on %s: %v, want %v", dir, err, want)
		}
	}
}

func TestABusyMountIsDetachedOnlyWhenAsked(t *testing.T) {
	l := mountLab(t)
	leave := stand(t, l.path("MATERIALS"))
	defer leave()
	if err := l.fs.Unmount(); !errors.Is(err, unix.EBUSY) {
		t.Errorf("unmounting under somebody's feet: %v, want %v", err, unix.EBUSY)
	}
	l.run("ls", l.dir)
	if err := l.fs.Detach(); err != nil {
		t.Fatal(err)
	}
	if got := l.run("ls", l.dir); got != "" {
		t.Errorf("%q is still to be seen", got)
	}
	select {
	case <-l.fs.Done():
		t.Error("it ended while somebody used it")
	default:
	}
	leave()
	l.fs.Wait()
}

func TestProgramsDoNotInheritTheDevice(t *testing.T) {
	l := mountLab(t)
	if got := l.run("ls", "-l", "/proc/self/fd"); strings.Contains(got, "/dev/fuse") {
		t.Errorf("a program that the server starts has its device:\n%s", got)
	}
}
