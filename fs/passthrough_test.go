package fs

import (
	"bufio"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

// passes tells whether this machine should pass files of dir through.
func passes(t *testing.T, dir string) bool {
	t.Helper()
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	var major, minor int
	release := unix.ByteSliceToString(name.Release[:])
	for i, field := range strings.SplitN(release, ".", 3)[:2] {
		n := 0
		for _, digit := range field {
			if digit < '0' || digit > '9' {
				break
			}
			n = n*10 + int(digit-'0')
		}
		*[]*int{&major, &minor}[i] = n
	}
	return os.Geteuid() == 0 && st.Type != unix.OVERLAYFS_SUPER_MAGIC && (major > 6 || major == 6 && minor >= 9)
}

// readBefore returns a simulator and a cache directory with files that another mount has read.
func readBefore(t *testing.T, names ...string) (*openbistest.Server, string) {
	t.Helper()
	server := openbistest.NewServer(t, openbistest.Options{})
	blocks := t.TempDir()
	// With the end of the subtest, what is to be written is written.
	t.Run("an earlier mount", func(t *testing.T) {
		l := mountLab(t, func(o *labOptions) { o.server, o.blocks = server, blocks })
		for _, name := range names {
			l.run("cat", l.path(expect(server.Lab, "demo").file(t, name)))
		}
	})
	return server, blocks
}

// holder is a program that has a file open and reads it when it is told to.
type holder struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func (l *lab) hold(path string) *holder {
	l.t.Helper()
	h := &holder{t: l.t, cmd: exec.CommandContext(l.t.Context(), "sh", "-c", `exec 3<"$1" && echo open && read -r line && cat <&3`, "sh", path)}
	h.cmd.Dir = "/"
	h.cmd.Stderr = os.Stderr
	var err error
	if h.in, err = h.cmd.StdinPipe(); err != nil {
		l.t.Fatal(err)
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	h.out = bufio.NewReader(out)
	if line, err := h.out.ReadString('\n'); err != nil {
		l.t.Fatalf("holding %s: %q, %v", path, line, err)
	}
	return h
}

// read lets the program read the file, close it and end.
func (h *holder) read() string {
	h.t.Helper()
	if _, err := io.WriteString(h.in, "go\n"); err != nil {
		h.t.Fatal(err)
	}
	text, err := io.ReadAll(h.out)
	if err := h.cmd.Wait(); err != nil {
		h.t.Errorf("reading from a file that was open already: %v", err)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

// mustRead compares what a program has read of a file.
func mustRead(t *testing.T, what, got string, content openbistest.Content) {
	t.Helper()
	if int64(len(got)) != content.Size() || crc32.ChecksumIEEE([]byte(got)) != content.CRC32() {
		t.Errorf("%s: %d bytes of CRC32 %08x, want %d of %08x", what, len(got), crc32.ChecksumIEEE([]byte(got)), content.Size(), content.CRC32())
	}
}

const passedFile = "scan_5_mib.raw"

func TestWhatIsCompleteOnDiskIsReadByTheKernel(t *testing.T) {
	server, blocks := readBefore(t, passedFile)
	for _, off := range []bool{false, true} {
		t.Run(map[bool]string{false: "auto", true: "off"}[off], func(t *testing.T) {
			l := mountLab(t, func(o *labOptions) {
				o.server, o.blocks = server, blocks
				o.config = func(c *Config) { c.DisablePassthrough = off }
			})
			want := expect(server.Lab, "demo")
			place := want.file(t, passedFile)
			content := want.entries[place].content
			before := l.run("stat", "-c", "%s %Y %i %b %a", l.path(place))
			l.calls()
			mustRead(t, "cat", l.run("cat", l.path(place)), content)
			mustRead(t, "in pieces", l.run("dd", "if="+l.path(place), "bs=1000", "status=none"), content)
			if got := helper[readAnswer](t, "mmap", l.path(place)); got.CRC32 != content.CRC32() {
				t.Errorf("mapped: CRC32 %08x, want %08x", got.CRC32, content.CRC32())
			}
			end := []span{{content.Size() - 10, 10}}
			if got := helper[[]readAnswer](t, "read", l.path(place), end[0].String()); got[0].CRC32 != end[0].crc(t, content) {
				t.Errorf("the end: %+v", got)
			}
			if after := l.run("stat", "-c", "%s %Y %i %b %a", l.path(place)); after != before {
				t.Errorf("stat says %q, and said %q", after, before)
			}
			if n, sent := l.calls(), server.ContentBytes(); n != 0 || sent != 0 {
				t.Errorf("it cost %d calls and %d bytes", n, sent)
			}
			status, stats := l.fs.Passthrough(), l.cache.Stats()
			t.Logf("%+v, %+v", status, stats)
			on := passes(t, blocks) && !off
			switch {
			case status.On != on || status.On == (status.Reason != ""):
				t.Errorf("passthrough is %+v, want %t", status, on)
			case on && (status.Opens != 4 || stats.Hits+stats.Misses != 0):
				t.Errorf("%d of 4 opens were passed through, and %d blocks were read here", status.Opens, stats.Hits+stats.Misses)
			case !on && (status.Opens != 0 || stats.FromDisk == 0):
				t.Errorf("%+v, %+v", status, stats)
			}
		})
	}
}

func TestOpensOfOneFileAgreeOnPassthrough(t *testing.T) {
	server, blocks := readBefore(t, passedFile)
	l := mountLab(t, func(o *labOptions) { o.server, o.blocks = server, blocks })
	want := expect(server.Lab, "demo")
	place := want.file(t, passedFile)
	content := want.entries[place].content

	// Passed through first: what is in the cache's directory may go.
	first := l.hold(l.path(place))
	second := l.hold(l.path(place))
	mustRead(t, "beside two others", l.run("cat", l.path(place)), content)
	if n, _ := l.blocks.Clear(true); n == 0 {
		t.Error("nothing was to be evicted")
	}
	mustRead(t, "evicted while it was open", first.read(), content)
	mustRead(t, "opened after that", l.run("cat", l.path(place)), content)
	mustRead(t, "the last of them", second.read(), content)
	opens := l.fs.Passthrough().Opens
	if passes(t, blocks) && opens != 4 {
		t.Errorf("%d opens were passed through, want 4", opens)
	}

	// Cached first: it is fetched again and complete, but not passed through while the first reader is there.
	path := l.path(want.file(t, "frame_1_mib_and_1.raw"))
	content = want.entries[want.file(t, "frame_1_mib_and_1.raw")].content
	first = l.hold(path)
	mustRead(t, "fetched", l.run("cat", path), content)
	for l.blocks.Stats().Written < content.Size() {
		mustRead(t, "while it is written to disk", l.run("cat", path), content)
	}
	mustRead(t, "on disk", l.run("cat", path), content)
	if now := l.fs.Passthrough().Opens; now != opens {
		t.Errorf("%d opens were passed through while the file was open otherwise", now-opens)
	}
	mustRead(t, "the first reader", first.read(), content)
	for passes(t, blocks) && l.fs.Passthrough().Opens == opens {
		mustRead(t, "after the first reader", l.run("cat", path), content) // it takes the kernel a moment to say that it is gone
	}
	if len(l.log.errors()) != 0 {
		t.Errorf("log:\n%s", strings.Join(l.log.errors(), ""))
	}
}

func TestManyOpensAndClosesOfPassedFiles(t *testing.T) {
	names := []string{passedFile, "frame_1_mib_and_1.raw"}
	server, blocks := readBefore(t, names...)
	l := mountLab(t, func(o *labOptions) { o.server, o.blocks = server, blocks })
	want := expect(server.Lab, "demo")
	args := []string{"-c", `for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do for f; do head -c 5000 "$f" | cmp -s - "$HEADS/${f##*/}" || echo "$f"; done; done`, "sh"}
	heads := t.TempDir()
	for _, name := range names {
		place := want.file(t, name)
		head := make([]byte, 5000)
		if _, err := want.entries[place].content.ReadAt(head, 0); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(heads, filepath.Base(place)), head, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, l.path(place))
	}
	server.ResetCounters()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), "sh", args...)
			cmd.Dir, cmd.Env = "/", append(os.Environ(), "HEADS="+heads)
			if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%v, wrong: %s", err, out)
			}
		})
	}
	wg.Wait()
	t.Logf("%+v", l.fs.Passthrough())
	if sent := server.ContentBytes(); sent != 0 {
		t.Errorf("the server sent %d bytes", sent)
	}
	if passes(t, blocks) && l.fs.Passthrough().Opens == 0 {
		t.Error("nothing was passed through")
	}
}
