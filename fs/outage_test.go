package fs

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

// quick makes failures come soon.
func quick(o *labOptions) { o.metadata, o.block = time.Second, time.Second }

func TestAnOutageHurtsOnlyWhatIsNotKnownYet(t *testing.T) {
	for _, test := range []struct {
		name    string
		ttl     time.Duration
		options string // of ls
	}{
		{"listings are fresh", time.Hour, "-lR"},
		{"listings are out of date", time.Millisecond, "-1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := mountLab(t, quick, func(o *labOptions) { o.ttl = test.ttl })
			want := expect(l.server.Lab, "demo")
			known, unknown := l.path(want.file(t, "curve.csv")), l.path(want.file(t, "frame_1_mib.raw"))
			listed := l.run("ls", test.options, l.path("MATERIALS"))
			content := l.run("cat", known)

			address := strings.TrimPrefix(l.server.URL, "http://")
			l.server.Close()
			if out := l.run("df", "--output=fstype", l.dir); !strings.Contains(out, "fuse.openbisfs") {
				t.Errorf("df: %q", out)
			}
			l.run("stat", l.dir)
			if again := l.run("ls", test.options, l.path("MATERIALS")); again != listed {
				t.Errorf("the listing has changed:\n%s", again)
			}
			if again := l.run("cat", known); again != content {
				t.Error("what was read before reads differently")
			}
			if out, stderr, err := l.try("cat", unknown); err == nil || out != "" {
				t.Errorf("cat of something unknown: %d bytes, %q", len(out), stderr)
			} else if !strings.Contains(stderr, "Input/output error") && !strings.Contains(stderr, "timed out") {
				t.Errorf("cat of something unknown: %q", stderr)
			}
			if out, stderr, err := l.try("ls", l.path("GENOMICS")); err == nil || strings.Contains(stderr, "No such file") {
				t.Errorf("ls of something unknown: %q, %q", out, stderr)
			}

			back, err := openbistest.Start(openbistest.Options{Lab: l.server.Lab, Listen: address})
			if err != nil {
				t.Fatal(err)
			}
			l.server = back // closed after the client
			t.Cleanup(back.Close)
			l.eventually("cat", unknown)
			l.eventually("ls", l.path("GENOMICS"))
		})
	}
}

// eventually runs a program until it succeeds: failures are remembered for a
// moment, so that they don't cost a call each.
func (l *lab) eventually(name string, args ...string) {
	l.t.Helper()
	for {
		if _, _, err := l.try(name, args...); err == nil {
			return
		}
		select {
		case <-l.t.Context().Done():
			l.t.Fatalf("%s %q does not work again", name, args)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func TestASessionThatExpiresDuringACopyIsNotNoticed(t *testing.T) {
	l := mountLab(t)
	want := expect(l.server.Lab, "demo")
	var faults []*openbistest.ActiveFault
	for _, method := range []string{"executeOperations", "download"} {
		faults = append(faults, l.server.Faults.Add(openbistest.Fault{Kind: openbistest.ExpiredSession, Method: method, First: 3}))
	}
	to := t.TempDir()
	// The copies of directories are as read-only as the directories: only root can remove what is in them.
	defer l.run("chmod", "-R", "u+w", to)
	l.run("cp", "-a", l.path("MATERIALS"), to)
	for _, fault := range faults {
		if fault.Hits() == 0 {
			t.Errorf("no session expired in %s", fault.Method)
		}
	}
	copied := helper[[]found](t, "tree", to, strconv.Itoa(readLimit))
	files := 0
	for _, f := range copied {
		e, ok := want.entries[f.Path]
		if f.Type != "file" || !ok || e.content == nil {
			continue
		}
		files++
		if f.CRC32 != e.content.CRC32() || f.Mtime != e.mtime {
			t.Errorf("%q: CRC32 %08x of %d, want %08x of %d", f.Path, f.CRC32, f.Mtime, e.content.CRC32(), e.mtime)
		}
	}
	if files == 0 {
		t.Error("no files copied")
	}
}

func TestASignalEndsAProgramThatWaitsForTheServer(t *testing.T) {
	uncachedFile := func(l *lab) []string {
		place := expect(l.server.Lab, "demo").file(l.t, "frame_1_mib.raw")
		l.run("stat", l.path(place))
		return []string{"cat", l.path(place)}
	}
	tests := []struct {
		name    string
		stall   string // method
		program func(l *lab) []string
	}{
		{"reading", "download", uncachedFile},
		{"reading directly", "download", func(l *lab) []string {
			return []string{"dd", "if=" + uncachedFile(l)[1], "of=/dev/null", "bs=4k", "iflag=direct"}
		}},
		{"listing", "executeOperations", func(l *lab) []string { return []string{"ls", l.path("MATERIALS", "COATINGS")} }},
		{"looking up", "executeOperations", func(l *lab) []string { return []string{"stat", l.path("MATERIALS", "COATINGS", "PVD_TRIALS")} }},
	}
	for _, test := range tests {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
			t.Run(test.name+", "+signal.String(), func(t *testing.T) {
				// No time limit of ours ends it: go test would have to.
				l := mountLab(t, func(o *labOptions) { o.metadata, o.block = time.Hour, time.Hour })
				program := test.program(l)
				stall := l.server.Faults.Add(openbistest.Fault{Kind: openbistest.Stall, Method: test.stall, Times: -1})
				cmd := exec.CommandContext(t.Context(), program[0], program[1:]...)
				cmd.Dir = "/"
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				<-stall.Hit()
				if err := cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				var exit *exec.ExitError
				if err := cmd.Wait(); !errors.As(err, &exit) {
					t.Fatalf("%q ended with %v", program, err)
				}
				if status, ok := exit.Sys().(syscall.WaitStatus); !ok || status.Signal() != signal {
					t.Errorf("%q ended with %v, want %v", filepath.Base(program[0]), exit, signal)
				}
				stall.Remove()
				l.eventually(program[0], program[1:]...)
			})
		}
	}
}

func TestAServerThatDoesNotAnswerIsATimeOut(t *testing.T) {
	l := mountLab(t, quick)
	place := l.path(expect(l.server.Lab, "demo").file(t, "frame_1_mib.raw"))
	l.run("stat", place)
	l.server.Faults.Add(openbistest.Fault{Kind: openbistest.Stall, Times: -1})
	for _, program := range [][]string{{"cat", place}, {"ls", l.path("GENOMICS")}} {
		out, stderr, err := l.try(program[0], program[1:]...)
		if err == nil || out != "" || !strings.Contains(stderr, "timed out") {
			t.Errorf("%s: %q and %q, want ETIMEDOUT", program[0], out, stderr)
		}
	}
}
