package fs

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openbisfs/openbisfs/cache"
	"github.com/openbisfs/openbisfs/client/openbistest"
)

// disguised returns a copy of a program under another name.
func disguised(t *testing.T, program, name string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	disguise := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(disguise, text, 0o700); err != nil {
		t.Fatal(err)
	}
	return disguise
}

// album makes a lab with a Dataset of images and returns where they are in a mount.
func album(t *testing.T, images int, size func(i int) int64) (server *openbistest.Server, places []string) {
	t.Helper()
	dir := t.TempDir()
	for i := range images {
		file, err := os.Create(filepath.Join(dir, fmt.Sprintf("image%04d.tif", i)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = fmt.Fprintf(file, "image %d", i)
		if err == nil {
			err = file.Truncate(size(i))
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	lab, err := openbistest.ParseLab("small,files:" + dir)
	if err != nil {
		t.Fatal(err)
	}
	for place := range expect(lab, "demo").entries {
		if strings.HasSuffix(place, ".tif") && strings.HasPrefix(filepath.Base(place), "image") {
			places = append(places, place)
		}
	}
	if len(places) != images {
		t.Fatalf("%d images in the lab, want %d", len(places), images)
	}
	slices.Sort(places)
	return openbistest.NewServer(t, openbistest.Options{Lab: lab}), places
}

func TestAThumbnailerTakesABlockOfEachImage(t *testing.T) {
	const images, every, small, large = 1000, 10, 20_000, 3*cache.BlockSize + 5 // every tenth has several blocks
	const blocks = images/every*cache.BlockSize + (images-images/every)*small
	server, places := album(t, images, func(i int) int64 {
		if i%every == 0 {
			return large
		}
		return small
	})
	l := mountLab(t, func(o *labOptions) {
		o.server = server
		o.config = func(c *Config) { c.CrawlerLimit = 2 * blocks }
	})
	thumbnailer := disguised(t, "cat", "gdk-pixbuf-thumbnailer")
	args := make([]string, images)
	for i, place := range places {
		args[i] = l.path(place)
	}
	server.ResetCounters()
	out, stderr, err := l.try(thumbnailer, args...)
	if err == nil || strings.Count(stderr, "Operation not permitted") != images/every {
		t.Errorf("%v, and %d of %d images were refused, want %d: %.200s", err, strings.Count(stderr, "Operation not permitted"), images, images/every, stderr)
	}
	if n := len(out); n != blocks {
		t.Errorf("the thumbnailer has read %d bytes, want a block of each image", n)
	}
	if sent := server.ContentBytes(); sent != blocks {
		t.Errorf("the server sent %d bytes for %d images, want %d, a block of each", sent, images, blocks)
	}
	status := l.fs.Crawlers()
	want := []CrawlerStatus{{Program: "gdk-pixbuf-thumbnailer", Opens: images, Fetched: blocks}}
	if len(status) == 1 {
		if status[0].Refused < images/every {
			t.Errorf("%d reads were refused", status[0].Refused)
		}
		want[0].Refused = status[0].Refused
	}
	if diff := cmp.Diff(want, status); diff != "" {
		t.Error(diff)
	}

	// Who wants to read an image reads all of it, and then the thumbnailer can, too.
	whole := l.run("cat", args[every])
	if len(whole) != large || !strings.HasPrefix(whole, "image ") {
		t.Errorf("cat has read %d bytes: %.20q", len(whole), whole)
	}
	server.ResetCounters()
	if got := l.run(thumbnailer, args[every]); got != whole {
		t.Errorf("the thumbnailer has read %d bytes of what is cached", len(got))
	}
	if sent := server.ContentBytes(); sent != 0 {
		t.Errorf("the server sent %d bytes of what is cached", sent)
	}
}

func TestACrawlerHasALimit(t *testing.T) {
	const images, allowed = 6, 2
	server, places := album(t, images, func(int) int64 { return 100_000 })
	l := mountLab(t, func(o *labOptions) {
		o.server = server
		o.config = func(c *Config) { c.Crawlers, c.CrawlerLimit = []string{"spider*"}, allowed*100_000+1 }
	})
	crawler := disguised(t, "cat", "spider-of-a-long-name")
	server.ResetCounters()
	refused := 0
	for _, place := range places {
		_, stderr, err := l.try(crawler, l.path(place))
		if err != nil && strings.Contains(stderr, "Operation not permitted") {
			refused++
		}
	}
	if refused != images-allowed {
		t.Errorf("%d of %d images were refused, want all but %d", refused, images, allowed)
	}
	if sent := server.ContentBytes(); sent != allowed*100_000 {
		t.Errorf("the server sent %d bytes", sent)
	}
	for _, place := range places {
		l.run("cat", l.path(place))
	}
}

func TestALimitComesBackWithTime(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	c := newCrawlers(&Config{CrawlerLimit: 3600, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	c.now = func() time.Time { return now }
	w := &crawler{all: c, left: 3600, since: now}
	steps := []struct {
		after time.Duration
		take  int64
		want  bool
	}{{0, 3600, true}, {0, 1, false}, {10 * time.Second, 11, false}, {0, 10, true}, {10 * time.Hour, 3601, false}, {0, 3600, true}}
	for i, s := range steps {
		now = now.Add(s.after)
		if got := w.take(s.take); got != s.want {
			t.Errorf("step %d: %t, want %t", i, got, s.want)
		}
	}
	if w.status.Fetched != 7210 {
		t.Errorf("%d bytes are counted", w.status.Fetched)
	}
}

func TestCrawlersAreRecognisedByTheirNames(t *testing.T) {
	tests := []struct {
		exe, comm string // "": nobody may know
		want      string
	}{
		{"/usr/lib/tumbler-1/tumblerd", "pool-tumblerd", "tumblerd"},
		{"/usr/libexec/tracker-miner-fs-3", "tracker-miner-f", "tracker-miner-fs-3"},
		{"/usr/bin/updatedb.plocate (deleted)", "updatedb.plocat", "updatedb.plocate"},
		{"", "gdk-pixbuf-thum", "gdk-pixbuf-thum"},
		{"", "tracker-extract", "tracker-extract"},
		{"/usr/bin/python3.13", "tumblerd", "tumblerd"},
		{"/usr/bin/cat", "cat", ""},
		{"/usr/bin/gdk-pixbuf", "gdk-pixbuf", ""},
		{"/home/me/localsearch-notes", "my-localsearch", "localsearch-notes"},
		{"", "", ""},
	}
	proc := t.TempDir()
	c := newCrawlers(&Config{Crawlers: Crawlers, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	c.proc = proc
	for i, test := range tests {
		dir := filepath.Join(proc, fmt.Sprint(i+1))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if test.exe != "" {
			if err := os.Symlink(test.exe, filepath.Join(dir, "exe")); err != nil {
				t.Fatal(err)
			}
		}
		if test.comm != "" {
			if err := os.WriteFile(filepath.Join(dir, "comm"), []byte(test.comm+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got := ""
		if w := c.of(uint32(i + 1)); w != nil {
			got = w.status.Program
		}
		if got != test.want {
			t.Errorf("%q, %q: %q, want %q", test.exe, test.comm, got, test.want)
		}
	}
}
