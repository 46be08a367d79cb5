package staging

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// leave writes drafts as a process left them that is gone, without syncing them one by one.
func leave(tb testing.TB, dir string, n int, state State) {
	tb.Helper()
	home := filepath.Join(dir, directoryName("server"))
	must(tb, os.MkdirAll(home, 0o700))
	m := &manifest{Files: []sealedFile{{Path: "", Size: 0}}}
	text, err := m.encode()
	must(tb, err)
	for i := range n {
		at := time.Unix(int64(1_700_000_000+i), 0).UTC()
		id := at.Format("20060102T150405.000") + "-abcdefghij"
		r := &record{Version: 1, ID: id, Server: "server", State: state, Owner: testOwner, Name: fmt.Sprint("x", i), Created: at, Changed: at}
		if state != Opened {
			r.Content = m.sum(text)
		}
		if state == Failed {
			r.Reason = "refused"
		}
		b, err := encodeRecord(r)
		must(tb, err)
		d := filepath.Join(home, id)
		must(tb, os.Mkdir(d, 0o700))
		must(tb, os.WriteFile(filepath.Join(d, recordFile), b, 0o600))
		if n > 1000 {
			continue // creating so many files takes longer than what is tested
		}
		must(tb, os.WriteFile(filepath.Join(d, manifestFile), text, 0o600))
		must(tb, os.WriteFile(filepath.Join(d, dataFile), nil, 0o600))
	}
}

func TestOpenWaitsForNoDraft(t *testing.T) {
	dir := t.TempDir()
	leave(t, dir, 1, Sealed)
	home := filepath.Join(dir, directoryName("server"))
	pipe := filepath.Join(home, testID, recordFile) // reading it takes until somebody writes
	must(t, os.Mkdir(filepath.Dir(pipe), 0o700))
	must(t, syscall.Mkfifo(pipe, 0o600))
	s := openTest(t, dir, nil, nil)
	select {
	case <-s.Scanned():
		t.Error("the scan is over, although a record can't be read yet")
	default:
	}
	create(t, s, "meanwhile", false)
	w, err := os.OpenFile(pipe, os.O_WRONLY, 0)
	must(t, err)
	must(t, w.Close())
	<-s.Scanned()
	if n := len(s.Drafts()); n != 3 {
		t.Errorf("%d drafts, want 3", n)
	}
}

func TestTenThousandDraftsAreCheap(t *testing.T) {
	const n = 10_000
	dir := t.TempDir()
	leave(t, dir, n, Sealed)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	idle := openTest(t, dir, nil, nil)
	<-idle.Scanned()
	if got := len(idle.Drafts()); got != n {
		t.Fatalf("%d drafts, want %d", got, n)
	}
	if each := (int64(heap()) - int64(before)) / n; each > 3000 {
		t.Errorf("%d bytes of memory for each draft", each)
	}
}

func TestDraftsThatWereLeftAreRegisteredOldestFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const n = 50
		dir := t.TempDir()
		leave(t, dir, n, Sealed)
		server := newFakeServer(client.DatasetUploader)
		server.fail(planCall, stallThenDone) // until all are known
		s := openTest(t, dir, newFaultDisk(), server.connect(new(atomic.Bool)), func(o *Options) { o.Workers = 1 })
		_, err := s.Drain(within(t, time.Hour))
		must(t, err)
		sets := server.registered()
		if len(sets) != n {
			t.Fatalf("%d datasets, want %d", len(sets), n)
		}
		late := 0 // the one that stalled had to wait
		for i, set := range sets {
			if set.name != fmt.Sprint("x", i+1-late) {
				late++
			}
		}
		if late > 1 {
			t.Errorf("%d of %d out of order", late, n)
		}
	})
}

func TestTwoProcessesShareOneDirectory(t *testing.T) {
	bubble(t, func(t *testing.T) {
		dir := t.TempDir()
		server := newFakeServer(client.UploadedDataSet)
		disk := newFaultDisk()
		a := openTest(t, dir, disk, server.connect(disk.dead))
		open := saved(t, a, "open")
		held := saved(t, a, "held")
		must(t, held.Hold(t.Context(), "later"))

		server.mu.Lock()
		process := &fakeProcess{fakeServer: server, session: server.session, dead: new(atomic.Bool)}
		server.mu.Unlock()
		b := openTest(t, dir, newFaultDisk(), process)
		<-b.Scanned()
		seen, err := b.Draft(open.ID())
		must(t, err)
		if info := seen.Info(); info.State != Opened || !info.Elsewhere || info.Name != "open" {
			t.Errorf("a live process's draft looks like %+v", info)
		}
		for op, err := range map[string]error{
			"Seal": seen.Seal(t.Context()), "Hold": seen.Hold(t.Context(), ""), "Discard": seen.Discard(t.Context()),
			"write": write(seen, "", []byte("mine")),
		} {
			if !errors.Is(err, syscall.EBUSY) {
				t.Errorf("%s: %v, want EBUSY", op, err)
			}
		}
		if n, err := b.Drain(within(t, time.Second)); n != 0 || err != nil {
			t.Errorf("Drain waits for %d drafts of another process: %v", n, err)
		}

		must(t, open.Commit(within(t, time.Minute)))
		open.Release()
		<-time.After(2 * defaultRescan)
		if state := seen.State(); state != Released && state != Discarded {
			t.Errorf("what another process released is %s here", state)
		}
		if len(server.registered()) != 1 {
			t.Errorf("%d datasets", len(server.registered()))
		}

		other, err := b.Draft(held.ID())
		must(t, err)
		second := saved(t, a, "unfinished")
		disk.dead.Store(true)
		abandon(a)
		<-time.After(2 * defaultRescan)
		if other.State() != Held || other.Err().Error() != "draft is held: later" {
			t.Errorf("%s: %v", other.State(), other.Err())
		}
		orphan, err := b.Draft(second.ID())
		must(t, err)
		if orphan.State() != Held || orphan.Info().Elsewhere || orphan.Info().Bytes != int64(len("content of unfinished")) {
			t.Errorf("orphan %+v", orphan.Info())
		}
		must(t, orphan.Retry(t.Context()))
		must(t, other.Retry(t.Context()))
		_, err = b.Drain(within(t, time.Hour))
		must(t, err)
		if n := len(server.registered()); n != 3 || len(b.Drafts()) != 0 {
			t.Errorf("%d datasets, left %+v", n, infos(b))
		}
	})
}

func TestCommandBesideAMountLetsItsDraftsBeRetried(t *testing.T) {
	bubble(t, func(t *testing.T) {
		dir := t.TempDir()
		leave(t, dir, 1, Failed)
		server := newFakeServer(client.UploadedDataSet)
		mount := openTest(t, dir, newFaultDisk(), server.connect(new(atomic.Bool)))
		<-mount.Scanned()
		command := openTest(t, dir, newFaultDisk(), nil, func(o *Options) { o.Workers = -1 })
		<-command.Scanned()
		d := command.Drafts()[0]
		if d.Err() == nil || d.Err().Error() != "refused" {
			t.Errorf("reason %v", d.Err())
		}
		must(t, d.Retry(t.Context()))
		must(t, command.Close(t.Context()))
		<-time.After(2 * defaultRescan)
		synctest.Wait()
		if len(server.registered()) != 1 || len(mount.Drafts()) != 0 {
			t.Errorf("%d datasets, %+v", len(server.registered()), infos(mount))
		}
	})
}

func TestDamagedDraftIsShownAndLeftAlone(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"torn record": func(dir string) error { return os.Truncate(filepath.Join(dir, recordFile), 20) },
		"no record":   func(dir string) error { return os.Remove(filepath.Join(dir, recordFile)) },
		"another's record": func(dir string) error {
			b, err := encodeRecord(fullRecord())
			return errors.Join(err, os.WriteFile(filepath.Join(dir, recordFile), b, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			leave(t, dir, 2, Sealed)
			home := filepath.Join(dir, directoryName("server"))
			entries, err := os.ReadDir(home)
			must(t, err)
			id := entries[0].Name()
			must(t, os.WriteFile(filepath.Join(home, id, dataFile), []byte("precious"), 0o600))
			must(t, spoil(filepath.Join(home, id)))

			server := newFakeServer(client.DatasetUploader)
			s := openTest(t, dir, newFaultDisk(), server.connect(new(atomic.Bool)))
			_, err = s.Drain(within(t, time.Minute))
			must(t, err)
			d, err := s.Draft(id)
			must(t, err)
			if d.State() != Damaged || !errors.Is(d.Err(), ErrDamaged) || len(server.registered()) != 1 {
				t.Errorf("%s, %v, %d datasets", d.State(), d.Err(), len(server.registered()))
			}
			if err := d.Commit(t.Context()); !errors.Is(err, ErrDamaged) {
				t.Errorf("Commit: %v", err)
			}
			out := t.TempDir()
			path, err := d.Export(t.Context(), out)
			must(t, err)
			if b, err := os.ReadFile(path); err != nil || string(b) != "precious" {
				t.Errorf("exported %q, %v", b, err)
			}
			must(t, d.Discard(t.Context()))
			if entries, err := os.ReadDir(home); err != nil || len(entries) != 0 {
				t.Errorf("left: %v, %v", entries, err)
			}
		})
	}
}

func TestSealedContentThatChangedIsNotSent(t *testing.T) {
	for name, spoil := range map[string]func(dir string) error{
		"checksum": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, dataFile), []byte("CONTENT of x"), 0o600)
		},
		"content":  func(dir string) error { return os.WriteFile(filepath.Join(dir, dataFile), []byte("other"), 0o600) },
		"manifest": func(dir string) error { return os.Truncate(filepath.Join(dir, manifestFile), 3) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, server := lab(t, client.UploadedDataSet)
				d := saved(t, s, "x")
				server.fail(planCall, unknownNotDone)
				must(t, d.Seal(t.Context()))
				synctest.Wait()
				must(t, spoil(d.dir))
				if err := d.Commit(within(t, time.Minute)); !errors.Is(err, ErrChanged) && !errors.Is(err, ErrDamaged) && !errors.Is(err, client.ErrCorrupt) {
					t.Errorf("Commit: %v", err)
				}
				if d.State() != Failed || len(server.registered()) != 0 {
					t.Errorf("%s, %d datasets", d.State(), len(server.registered()))
				}
				must(t, d.Commit(within(t, time.Minute))) // sealed anew, as it is now
			})
		})
	}
}

func TestLeftoversOfACrashAreSwept(t *testing.T) {
	dir := t.TempDir()
	home := filepath.Join(dir, directoryName("server"))
	must(t, os.MkdirAll(home, 0o700))
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{newPrefix + testID, delPrefix + testID, newPrefix + "fresh"} {
		must(t, os.Mkdir(filepath.Join(home, name), 0o700))
		must(t, os.WriteFile(filepath.Join(home, name, dataFile), nil, 0o600))
		if name != newPrefix+"fresh" {
			must(t, os.Chtimes(filepath.Join(home, name), old, old))
		}
	}
	must(t, os.WriteFile(filepath.Join(home, "README"), []byte("somebody's"), 0o600))
	s := openTest(t, dir, nil, nil)
	<-s.Scanned()
	entries, err := os.ReadDir(home)
	must(t, err)
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if len(left) != 2 || left[0] != newPrefix+"fresh" || left[1] != "README" {
		t.Errorf("left %v", left)
	}
}

func TestServersDoNotSeeEachOther(t *testing.T) {
	dir := t.TempDir()
	one := openTest(t, dir, nil, nil, func(o *Options) { o.Server = "https://a.org user" })
	create(t, one, "x", false)
	two := openTest(t, dir, nil, nil, func(o *Options) { o.Server = "https://a.org_user" })
	<-two.Scanned()
	if n := len(two.Drafts()); n != 0 {
		t.Errorf("%d drafts of another server", n)
	}
	if name := directoryName("https://openbis.example.org/../.. ana"); filepath.Base(name) != name || name[0] == '.' {
		t.Errorf("directory %q", name)
	}
}
