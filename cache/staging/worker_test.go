package staging

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// repeat is a fault that lasts.
func repeat(f fault, n int) []fault { return slices.Repeat([]fault{f}, n) }

// callTimes records when the server was called.
type callTimes struct {
	*fakeProcess
	mu sync.Mutex
	at []time.Time
}

func (c *callTimes) PlanRegistration(ctx context.Context, opts client.RegistrationOptions) (client.Plan, error) {
	c.mu.Lock()
	c.at = append(c.at, time.Now())
	c.mu.Unlock()
	return c.fakeProcess.PlanRegistration(ctx, opts)
}

func TestPausesGrowToMinutesAndHaveJitter(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server := newFakeServer(client.UploadedDataSet)
		server.fail(planCall, repeat(unknownNotDone, 20)...)
		times := &callTimes{fakeProcess: server.connect(new(atomic.Bool))}
		s := openTest(t, t.TempDir(), newFaultDisk(), times)
		d := saved(t, s, "x")
		must(t, d.Seal(t.Context()))
		synctest.Wait()
		if info := d.Info(); info.Next == nil || info.Error == "" || info.State != Sealed {
			t.Errorf("waiting draft says %+v", info)
		}
		_, err := s.Drain(within(t, 24*time.Hour))
		must(t, err)
		var pauses []time.Duration
		for i := 1; i < len(times.at); i++ {
			pauses = append(pauses, times.at[i].Sub(times.at[i-1]))
		}
		if len(pauses) != 20 || pauses[0] > 2*time.Second || slices.Max(pauses) > 7*time.Minute || pauses[19] < 3*time.Minute {
			t.Errorf("pauses %v", pauses)
		}
		if pauses[18] == pauses[19] {
			t.Errorf("no jitter in %v", pauses)
		}
	})
}

func TestThousandDraftsDoNotAskOneByOneForAServerThatIsAway(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, server := lab(t, client.UploadedDataSet)
		server.fail(planCall, repeat(unknownNotDone, 1_000_000)...)
		const n = 200
		for i := range n {
			must(t, saved(t, s, fmt.Sprint("x", i)).Seal(t.Context()))
		}
		<-time.After(time.Hour)
		if calls := server.count(planCall); calls > 300 {
			t.Errorf("%d calls in an hour without a server", calls)
		}
		before := server.count(planCall)
		d := saved(t, s, "waited for")
		if err := d.Commit(within(t, 10*time.Second)); !errors.Is(err, client.ErrUnavailable) {
			t.Errorf("Commit: %v", err)
		}
		if server.count(planCall) == before {
			t.Error("what somebody waits for was not even tried")
		}
		server.mu.Lock()
		clear(server.faults)
		server.mu.Unlock()
		_, err := s.Drain(within(t, 24*time.Hour))
		must(t, err)
		if got := len(server.registered()); got != n+1 {
			t.Errorf("%d datasets, want %d", got, n+1)
		}
	})
}

func TestServerThatKeepsFailingIsGivenUpSoonAndByNoMeansForgotten(t *testing.T) {
	for _, call := range []remote{planCall, uploadCall, registerCall} {
		t.Run(string(call), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, server := lab(t, client.UploadedDataSet)
				server.fail(call, repeat(retryable, maxFailures)...)
				d := saved(t, s, "x")
				err := d.Commit(within(t, time.Minute))
				if !errors.Is(err, client.ErrServer) || errors.Is(err, ErrPending) || d.State() != Failed {
					t.Errorf("%s: %v", d.State(), err)
				}
				if server.count(call) != maxFailures {
					t.Errorf("%d calls", server.count(call))
				}
				must(t, d.Commit(within(t, time.Minute)))
			})
		})
	}
}

func TestNotFoundIsBelievedAtOnceOnlyWithAChosenPermID(t *testing.T) {
	for _, test := range []struct {
		route          client.Route
		earliest, last time.Duration
	}{
		{client.DatasetUploader, 0, 10 * time.Second},
		{client.UploadedDataSet, defaultSettle, defaultSettle + time.Minute},
		{client.JupyterUploader, defaultSettle, defaultSettle + time.Minute},
	} {
		t.Run(string(test.route), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, server := lab(t, test.route)
				server.fail(registerCall, unknownNotDone)
				start := time.Now()
				d := saved(t, s, "x")
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				_ = d.Commit(ctx) // what it waits for now is what this is about
				cancel()
				if until := d.Info().Settles; (until != nil) != (test.earliest > 0) || until != nil && until.Sub(start) < test.earliest {
					t.Errorf("it says that it waits until %v", until)
				}
				must(t, d.Commit(within(t, time.Hour)))
				if took := time.Since(start); took < test.earliest || took > test.last {
					t.Errorf("registered again after %v", took)
				}
			})
		})
	}
}

func TestAttemptThatGetsThroughDuringTheNextUploadIsFound(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, server := lab(t, client.JupyterUploader, func(o *Options) { o.Settle = time.Minute }) // too short for this server
		server.fail(registerCall, stallThenDone)
		server.fail(uploadCall, "", stallThenDone)
		must(t, saved(t, s, "x").Commit(within(t, time.Hour)))
		<-time.After(time.Hour)
		if len(server.registered()) != 1 || server.count(registerCall) != 1 {
			t.Errorf("%d datasets by %d attempts", len(server.registered()), server.count(registerCall))
		}
	})
}

func TestSettlingIsNotCutShortByACrash(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server := newFakeServer(client.JupyterUploader)
		server.fail(registerCall, stallThenDone) // one minute without an answer
		dir, start := t.TempDir(), time.Now()
		for range 3 {
			disk := newFaultDisk()
			s := openTest(t, dir, disk, server.connect(disk.dead))
			<-s.Scanned()
			if len(s.Drafts()) == 0 {
				must(t, saved(t, s, "x").Seal(t.Context()))
			}
			<-time.After(20 * time.Second)
			disk.dead.Store(true)
			abandon(s)
		}
		s := openTest(t, dir, nil, server.connect(new(atomic.Bool)))
		<-s.Scanned()
		if d := s.Drafts()[0]; d.State() != Registering {
			t.Fatalf("draft is %s", d.State())
		}
		_, err := s.Drain(within(t, time.Hour))
		must(t, err)
		if got := len(server.registered()); got != 1 || server.count(registerCall) != 1 {
			t.Errorf("%d datasets by %d attempts", got, server.count(registerCall))
		}
		if took := time.Since(start); took > defaultSettle {
			t.Errorf("found only after %v", took)
		}
	})
}

func TestDifferentContentOnTheServerKeepsTheCopyAndIsLoud(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, server := lab(t, client.JupyterUploader)
		server.spoil = func(files []client.File) []client.File {
			return append(files, client.File{Path: "original/left over.csv", Size: 3})
		}
		d := saved(t, s, "x")
		must(t, d.Commit(within(t, time.Minute)))
		d.Release()
		<-time.After(24 * time.Hour)
		if d.State() != Registered || !errors.Is(d.Err(), ErrMismatch) || server.count(registerCall) != 1 {
			t.Errorf("%s, %v", d.State(), d.Err())
		}
		server.mu.Lock()
		server.spoil = nil
		server.mu.Unlock()
		<-time.After(time.Hour)
		if d.State() != Released {
			t.Errorf("%s, %v, want it released once the listing is right", d.State(), d.Err())
		}
	})
}

func TestCopyIsKeptUntilTheServerHasChecksumsOrNeverWill(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, server := lab(t, client.UploadedDataSet)
		server.noCRC = true
		d := saved(t, s, "x")
		d.Release()
		must(t, d.Commit(within(t, time.Minute)))
		<-time.After(checksumWait - time.Minute)
		if d.State() != Registered {
			t.Errorf("%s before the checksums are known", d.State())
		}
		<-time.After(2 * time.Minute)
		if d.State() != Released {
			t.Errorf("%s although there will be no checksums", d.State())
		}
	})
}

func TestListingIsCompared(t *testing.T) {
	one := []sealedFile{{"", 3, 7}}
	two := []sealedFile{{"a/x", 3, 7}, {"y", 0, 0}}
	file := func(path string, size int64, crc ...uint32) client.File {
		f := client.File{Path: path, Size: size}
		if len(crc) > 0 {
			f.CRC32, f.HasCRC32 = crc[0], true
		}
		return f
	}
	dir := func(path string) client.File { return client.File{Path: path, Directory: true} }
	for _, test := range []struct {
		name     string
		sealed   []sealedFile
		listed   []client.File
		complete bool
		wrong    string
	}{
		{"n", one, []client.File{dir("original"), file("original/n", 3, 7)}, true, ""},
		{"n", one, []client.File{file("n", 3)}, false, ""},
		{"n", one, []client.File{file("original/RAW_DATA/n", 3, 7)}, true, ""},
		{"n", two, []client.File{dir("original/n"), file("original/n/a/x", 3, 7), file("original/n/y", 0, 0)}, true, ""},
		{"n", two, []client.File{file("original/n/a/x", 3, 7), file("original/n/y", 0)}, false, ""},
		{"n", one, nil, false, "no"},
		{"n", one, []client.File{file("original/nn", 3, 7)}, false, "no"},
		{"n", one, []client.File{file("original/n", 4, 7)}, false, "4 bytes"},
		{"n", one, []client.File{file("original/n", 3, 8)}, false, "checksum"},
		{"n", one, []client.File{dir("original/n")}, false, "folder"},
		{"n", one, []client.File{file("original/n", 3, 7), file("original/other", 1)}, false, "2 files, 1 were sent"},
		{"n", two, []client.File{file("original/n/a/x", 3, 7)}, false, "no"},
		{"n", []sealedFile{{"n", 3, 7}}, []client.File{file("original/n/n", 3, 7)}, true, ""},
		{"f.h5", one, []client.File{dir("original/f.h5"), file("original/f.h5/group", 99)}, true, ""},
	} {
		twins, complete, err := compare(test.name, test.sealed, test.listed)
		if err == nil && len(twins) != len(test.sealed) {
			t.Errorf("%v in %v: %v", test.sealed, test.listed, twins)
		}
		for i, twin := range twins {
			if twin.Path != test.sealed[i].Path || !slices.Contains(test.listed, twin.File) {
				t.Errorf("%v is taken for %v", twin, test.sealed[i])
			}
		}
		if complete != test.complete || (err == nil) != (test.wrong == "") ||
			err != nil && (!errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), test.wrong)) {
			t.Errorf("%v in %v: %v, %v; want %v, %q", test.sealed, test.listed, complete, err, test.complete, test.wrong)
		}
	}
}

// Everybody at once: whatever users do to drafts while workers are on them, each is registered once or not at all, and
// what was committed with success is there.
func TestUsersAndWorkersAtOnce(t *testing.T) {
	bubble(t, usersAndWorkers)
}

func usersAndWorkers(t *testing.T) {
	server := newFakeServer(client.DatasetUploader)
	for _, call := range calls {
		server.fail(call, slices.Repeat([]fault{"", "", unknownDone, "", refusal}, 40)...)
	}
	s := openTest(t, t.TempDir(), newFaultDisk(), server.connect(new(atomic.Bool)), func(o *Options) {
		o.Workers = 4
	})
	var wg sync.WaitGroup
	var mu sync.Mutex
	committed := make(map[string]bool)
	for i := range 40 {
		d := saved(t, s, fmt.Sprint("x", i))
		random := rand.New(rand.NewPCG(uint64(i), 0))
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 24*time.Hour)
			defer cancel()
			d.Release()
			for range 6 {
				switch random.IntN(6) {
				case 0:
					_ = d.Hold(ctx, "why not")
				case 1:
					_ = d.Retry(ctx)
				case 2:
					_ = d.Reopen(ctx)
				case 3:
					_ = d.SetMeta(ctx, Meta{Type: "T"})
				case 4:
					_ = d.Seal(ctx)
				case 5:
					d.Info()
				}
			}
			for ctx.Err() == nil {
				if err := d.Commit(ctx); err == nil {
					mu.Lock()
					committed[d.Name()] = true
					mu.Unlock()
					return
				}
			}
			t.Errorf("%s is %s: %v", d.Name(), d.State(), d.Err())
		})
	}
	wg.Wait()
	times := make(map[string]int)
	for _, set := range server.registered() {
		times[set.name]++
	}
	for name := range committed {
		if times[name] != 1 {
			t.Errorf("%s was registered %d times", name, times[name])
		}
	}
	if len(committed) != 40 {
		t.Errorf("%d committed", len(committed))
	}
}
