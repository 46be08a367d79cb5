package fs

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/openbisfs/openbisfs/cache"
)

// Crawlers are programs that read whatever they come across, and that nobody has
// asked to: makers of thumbnails, indexers and scanners. A name may end with a *.
var Crawlers = []string{
	"tumblerd", "gdk-pixbuf-thumbnailer", "gnome-desktop-thumbnailer", "gnome-thumbnail-font", "ffmpegthumbnailer",
	"totem-video-thumbnailer", "evince-thumbnailer", "atril-thumbnailer", "papers-thumbnailer", "xreader-thumbnailer",
	"gsf-office-thumbnailer", "raw-thumbnailer", "glycin-thumbnailer", "showtime-thumbnailer", "cosmic-thumbnailer*",
	"tracker-miner-fs*", "tracker-extract*", "tracker-store", "localsearch*", "baloo_file", "baloo_file_extractor",
	"baloo_filemetadata_temp_extractor", "nepomuk*", "zeitgeist-daemon", "recollindex", "recoll_*", "beagled",
	"updatedb", "updatedb.mlocate", "updatedb.plocate", "clamd", "clamonacc",
}

const (
	// crawlerPeriod is the time for which the limit of a crawler is.
	crawlerPeriod = time.Hour
	// defaultCrawlerLimit is what each program may have fetched in that time, in bytes.
	defaultCrawlerLimit = 1 << 30
	// commLength is where the kernel cuts the name of a thread.
	commLength = 15
)

// errCrawler is what a crawler gets for content that would have to be fetched.
var errCrawler = errors.New("not cached, and not fetched for a program that reads everything")

// CrawlerStatus says what one program was given that reads everything.
type CrawlerStatus struct {
	Program string `json:"program"`
	Opens   int64  `json:"opens"`
	Fetched int64  `json:"fetched"` // bytes that were asked of the server for it
	Refused int64  `json:"refused"` // reads
}

// crawlers keeps programs that read everything from downloading everything. They
// get what is cached, and of other files the first block, up to a limit for each program.
type crawlers struct {
	names []string
	limit int64 // bytes in a crawlerPeriod
	proc  string
	log   *slog.Logger
	now   func() time.Time

	mu   sync.Mutex
	seen map[string]*crawler
}

// crawler is one such program, however many processes it has.
type crawler struct {
	all    *crawlers
	status CrawlerStatus
	// left may be fetched as of since, and more as time goes by.
	left  float64
	since time.Time
	said  time.Time // when the log was told of a refusal
}

func newCrawlers(cfg *Config) *crawlers {
	return &crawlers{names: cfg.Crawlers, limit: max(cfg.CrawlerLimit, 0), proc: procDir, log: cfg.Logger, now: time.Now, seen: make(map[string]*crawler)}
}

// of returns the crawler that the thread pid belongs to, nil for other programs.
// It looks at the names of the thread and of its program, which takes
// microseconds and waits for nobody.
func (c *crawlers) of(pid uint32) *crawler {
	if len(c.names) == 0 || pid == 0 {
		return nil
	}
	name := c.program(filepath.Join(c.proc, strconv.FormatUint(uint64(pid), 10)))
	if name == "" {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.seen[name]
	if known == nil {
		known = &crawler{all: c, status: CrawlerStatus{Program: name}, left: float64(c.limit), since: c.now()}
		c.seen[name] = known
		c.log.Info("a program that reads everything gets what is cached and first blocks only", "program", name)
	}
	known.status.Opens++
	return known
}

// program returns the name by which the process in dir is a crawler, "" if it is none.
func (c *crawlers) program(dir string) string {
	if exe, err := os.Readlink(filepath.Join(dir, "exe")); err == nil {
		exe = strings.TrimSuffix(exe, " (deleted)")
		if name := filepath.Base(exe); c.matches(name, false) {
			return name
		}
	}
	// Of another user's process, and of a script, there is only this.
	comm, err := os.ReadFile(filepath.Join(dir, "comm"))
	if name := strings.TrimSuffix(string(comm), "\n"); err == nil && c.matches(name, len(name) == commLength) {
		return name
	}
	return ""
}

// matches tells whether name, or what it is the beginning of if it was cut, is a crawler's.
func (c *crawlers) matches(name string, cut bool) bool {
	return name != "" && slices.ContainsFunc(c.names, func(pattern string) bool {
		start, open := strings.CutSuffix(pattern, "*")
		return name == pattern || open && strings.HasPrefix(name, start) || cut && strings.HasPrefix(start, name)
	})
}

// take says whether n more bytes may be fetched for the crawler.
func (w *crawler) take(n int64) bool {
	c := w.all
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	w.left = min(float64(c.limit), w.left+now.Sub(w.since).Seconds()/crawlerPeriod.Seconds()*float64(c.limit))
	w.since = now
	if w.left < float64(n) {
		return false
	}
	w.left -= float64(n)
	w.status.Fetched += n
	return true
}

// refused counts a refusal, and tells the log once in a while.
func (w *crawler) refused(path string) {
	c := w.all
	c.mu.Lock()
	w.status.Refused++
	now := c.now()
	say := w.said.IsZero() || now.Sub(w.said) > crawlerPeriod
	if say {
		w.said = now
	}
	c.mu.Unlock()
	if say {
		c.log.Warn("a program that reads everything was refused content that is not cached", "program", w.status.Program, "path", path)
	}
}

func (c *crawlers) status() []CrawlerStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]CrawlerStatus, 0, len(c.seen))
	for _, w := range c.seen {
		list = append(list, w.status)
	}
	slices.SortFunc(list, func(a, b CrawlerStatus) int { return strings.Compare(a.Program, b.Program) })
	return list
}

// crawlerReader reads a file for a crawler.
type crawlerReader struct {
	*crawler
	mu   sync.Mutex
	paid bool // the first block was asked for on its account
}

// allow says whether a read that the cache could not answer may ask the server.
// The first block only: everywhere else a server may have to send all that is before.
func (r *crawlerReader) allow(off, length, size int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if off+length > min(cache.BlockSize, size) {
		return false
	}
	if !r.paid {
		r.paid = r.take(min(cache.BlockSize, size))
	}
	return r.paid
}
