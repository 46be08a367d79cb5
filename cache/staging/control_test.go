package staging

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openbisfs/openbisfs/client"
)

// lab is a Store with a fake server in the bubble of a test.
func lab(t *testing.T, route client.Route, change ...func(*Options)) (*Store, *fakeServer) {
	t.Helper()
	server := newFakeServer(route)
	s := openTest(t, t.TempDir(), newFaultDisk(), server.connect(new(atomic.Bool)), change...)
	<-s.Scanned()
	return s, server
}

// saved makes a draft of one file.
func saved(t *testing.T, s *Store, name string) *Draft {
	t.Helper()
	d := create(t, s, name, false)
	put(t, d, "", "content of "+name)
	return d
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// bubble runs a test with fake time, and closes what it opened before the bubble ends.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func TestCommitRegistersWithEverythingThatTheUserSaid(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var told []string
		s, server := lab(t, client.UploadedDataSet, func(o *Options) {
			o.OnRegistered = func(d *Draft, permID string) { told = append(told, d.Name()+" "+permID) }
		})
		d := saved(t, s, "x.swp~")
		must(t, d.SetMeta(t.Context(), Meta{Type: "ANALYZED", Properties: map[string]string{"$NAME": "x"}, Parents: []string{"P"}}))
		must(t, d.Rename(t.Context(), Owner{Kind: Collection, PermID: "C1", Identifier: "/L/P/C"}, "x.csv"))
		must(t, d.Commit(within(t, time.Minute)))
		set := server.registered()[0]
		if set.owner != "C1" || set.typ != "ANALYZED" || set.properties["$NAME"] != "x" || string(set.files["x.csv"]) != "content of x.swp~" {
			t.Errorf("registered %+v", set)
		}
		if diff := cmp.Diff([]string{"x.csv S-1"}, told); diff != "" {
			t.Error(diff)
		}
		<-time.After(time.Hour)
		// Verified, but read still.
		if b, err := os.ReadFile(d.Root()); d.State() != Verified || err != nil || len(b) == 0 {
			t.Errorf("%s: %d bytes, %v, want the copy that is read", d.State(), len(b), err)
		}
		if sent, total := d.Progress(); sent != 17 || total != 17 {
			t.Errorf("progress %d of %d", sent, total)
		}
		d.Release()
		synctest.Wait()
		if _, err := os.Lstat(d.Root()); d.State() != Released || !os.IsNotExist(err) {
			t.Errorf("%s, %v, want it released", d.State(), err)
		}
		must(t, d.Commit(t.Context())) // it has been done
		if len(server.registered()) != 1 || server.count(findCall) != 0 || server.count(discardCall) != 0 {
			t.Errorf("superfluous calls: %v", server.calls)
		}
	})
}

func TestCommitTellsARefusalAndRetrySucceedsOnceTheCauseIsGone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, server := lab(t, client.DatasetUploader)
		server.fail(registerCall, refusal)
		d := saved(t, s, "x")
		err := d.Commit(within(t, time.Minute))
		var e *client.Error
		if !errors.Is(err, client.ErrRefused) || errors.Is(err, ErrPending) || !errors.As(err, &e) || e.Message != "Property $NAME is mandatory." {
			t.Errorf("got %v, want the server's refusal", err)
		}
		if info := d.Info(); info.State != Failed || info.Error != err.Error() || server.count(registerCall) != 1 {
			t.Errorf("%+v", info)
		}
		<-time.After(24 * time.Hour)
		if server.count(registerCall) != 1 {
			t.Error("a refused registration was tried again without being asked")
		}
		must(t, d.SetMeta(t.Context(), Meta{Properties: map[string]string{"$NAME": "x"}}))
		must(t, d.Retry(t.Context()))
		must(t, d.Commit(within(t, time.Minute)))
		if plans := server.count(planCall); plans != 2 {
			t.Errorf("%d plans, want a new one", plans)
		}
	})
}

func TestCommitThatIsGivenUpGoesOnInTheBackground(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, server := lab(t, client.UploadedDataSet)
		server.fail(uploadCall, stallThenDone)
		d := saved(t, s, "x")
		err := d.Commit(within(t, 10*time.Second))
		if !errors.Is(err, ErrPending) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want ErrPending", err)
		}
		if n, err := s.Drain(within(t, time.Second)); n != 1 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Drain: %d left, %v", n, err)
		}
		if n, err := s.Drain(within(t, time.Hour)); n != 0 || err != nil {
			t.Errorf("Drain: %d left, %v", n, err)
		}
		if len(server.registered()) != 1 {
			t.Error("not registered")
		}
	})
}

func TestCommitWithoutASessionReturnsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, server := lab(t, client.UploadedDataSet)
		server.fail(planCall, expired)
		start := time.Now()
		err := saved(t, s, "x").Commit(within(t, time.Minute))
		if !errors.Is(err, ErrPending) || !errors.Is(err, client.ErrUnauthenticated) || time.Since(start) > time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		_, err = s.Drain(within(t, time.Hour))
		must(t, err)
		if len(server.registered()) != 1 {
			t.Error("not registered after the session came back")
		}
	})
}

func TestHeldDraftIsRegisteredOnlyOnRequest(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, server := lab(t, client.UploadedDataSet)
		d := saved(t, s, "x")
		must(t, d.Hold(t.Context(), "its writer was killed"))
		if err := d.Seal(t.Context()); err == nil {
			t.Error("a held draft was sealed")
		}
		<-time.After(time.Hour)
		if len(server.calls) != 0 || !errors.Is(d.Err(), ErrHeld) || d.Info().Error != "draft is held: its writer was killed" {
			t.Errorf("%v, %v", server.calls, d.Err())
		}
		must(t, d.Rename(t.Context(), testOwner, "y"))
		if !errors.Is(d.Err(), ErrHeld) {
			t.Errorf("renamed: %v", d.Err())
		}
		must(t, d.Retry(t.Context()))
		must(t, d.Commit(within(t, time.Minute)))
	})
}

func TestDraftCanBeTakenBackUntilItIsSent(t *testing.T) {
	for name, test := range map[string]struct {
		take  func(d *Draft) error
		state State
	}{
		"hold":    {func(d *Draft) error { return d.Hold(context.Background(), "wait") }, Held},
		"reopen":  {func(d *Draft) error { return d.Reopen(context.Background()) }, Opened},
		"discard": {func(d *Draft) error { return d.Discard(context.Background()) }, Discarded},
	} {
		t.Run(name+" while uploading", func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, server := lab(t, client.UploadedDataSet)
				server.fail(uploadCall, stallThenDone)
				d := saved(t, s, "x")
				must(t, d.Seal(t.Context()))
				synctest.Wait()
				start := time.Now()
				must(t, test.take(d))
				if d.State() != test.state || time.Since(start) != 0 {
					t.Errorf("%s after %v", d.State(), time.Since(start))
				}
				<-time.After(time.Hour)
				if len(server.registered()) != 0 {
					t.Error("registered nevertheless")
				}
				if test.state == Opened {
					put(t, d, "", "CONTENT")
					must(t, d.Commit(within(t, time.Minute)))
					if b := server.registered()[0].files["x"]; string(b) != "CONTENT of x" {
						t.Errorf("registered %q", b)
					}
				}
			})
		})
		t.Run(name+" while registering", func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, server := lab(t, client.UploadedDataSet)
				server.fail(registerCall, stallThenDone)
				d := saved(t, s, "x")
				must(t, d.Seal(t.Context()))
				synctest.Wait()
				if err := test.take(d); !errors.Is(err, syscall.EBUSY) {
					t.Errorf("got %v, want EBUSY", err)
				}
				must(t, d.Commit(within(t, time.Hour)))
				if len(server.registered()) != 1 {
					t.Errorf("registered %d times", len(server.registered()))
				}
			})
		})
	}
}

func TestWhatAnUnknownAttemptIsFoundByCanNotBeChanged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, server := lab(t, client.JupyterUploader)
		server.fail(registerCall, unknownNotDone, refusal)
		d := saved(t, s, "x")
		if err := d.Commit(within(t, time.Hour)); !errors.Is(err, client.ErrRefused) {
			t.Fatalf("got %v, want a refusal", err)
		}
		for op, err := range map[string]error{
			"Rename": d.Rename(t.Context(), testOwner, "y"), "SetMeta": d.SetMeta(t.Context(), Meta{}), "Reopen": d.Reopen(t.Context()),
		} {
			if !errors.Is(err, syscall.EBUSY) {
				t.Errorf("%s: %v, want EBUSY", op, err)
			}
		}
		must(t, d.Commit(within(t, time.Hour)))
		if server.count(planCall) != 1 {
			t.Error("the plan was replaced although an attempt of it may have succeeded")
		}
	})
}

func TestExportLeavesTheDraftAndOverwritesNothing(t *testing.T) {
	s := openTest(t, t.TempDir(), nil, nil)
	d := create(t, s, "run 7", true)
	must(t, fill(d, testContent))
	put(t, d, ".x.swp", "half a thought")
	dir := t.TempDir()
	path, err := d.Export(t.Context(), dir)
	if err != nil || path != filepath.Join(dir, "run 7") {
		t.Fatalf("%q, %v", path, err)
	}
	for name, want := range testContent {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != string(want) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	if _, err := os.Stat(filepath.Join(path, ".x.swp")); err != nil {
		t.Errorf("temporary file: %v", err)
	}
	if _, err := d.Export(t.Context(), dir); !errors.Is(err, os.ErrExist) {
		t.Errorf("second export: %v, want ErrExist", err)
	}
	if d.State() != Opened {
		t.Errorf("draft is %s", d.State())
	}
}

func TestClosedStoreDoesNothing(t *testing.T) {
	s := openTest(t, t.TempDir(), nil, nil)
	d := create(t, s, "x", false)
	must(t, s.Close(t.Context()))
	if _, err := s.Create(testOwner, "y", false); !errors.Is(err, ErrClosed) {
		t.Errorf("Create: %v", err)
	}
	if err := d.Seal(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Seal: %v", err)
	}
	if err := s.Close(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Close: %v", err)
	}
}

func TestCloseWaitsForWhatWasSent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, server := lab(t, client.UploadedDataSet)
		server.fail(registerCall, unknownNotDone)
		d := saved(t, s, "x")
		must(t, d.Seal(t.Context()))
		server.mu.Lock() // the server takes its time
		closed := make(chan error)
		go func() { closed <- s.Close(context.Background()) }()
		server.mu.Unlock()
		must(t, <-closed)
		if st := d.State(); st == Released {
			t.Errorf("draft is %s", st)
		}
		again := openTest(t, filepath.Dir(s.dir), newFaultDisk(), server.connect(new(atomic.Bool)))
		_, err := again.Drain(within(t, time.Hour))
		must(t, err)
		if len(server.registered()) != 1 {
			t.Errorf("registered %d times", len(server.registered()))
		}
	})
}
