package staging

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

const (
	helperEnv  = "OPENBISFS_STAGING_HELPER" // "point" at which the helper process waits for its death
	helperDir  = "OPENBISFS_STAGING_DIR"
	keptName   = "kept.txt"
	keptString = "what the process was given before it was killed"
)

// ledger is a server in a file, which survives whoever writes it: a line for each registered upload.
type ledger struct {
	path string
	at   func(point string) // called at the points where a process may die
}

var _ Registrar = (*ledger)(nil)

func (l *ledger) PlanRegistration(context.Context, client.RegistrationOptions) (client.Plan, error) {
	l.at("planning")
	return client.Plan{Route: client.UploadedDataSet, DataStore: "DSS1", UploadID: fmt.Sprintf("%d", time.Now().UnixNano()), Since: time.Now()}, nil
}

func (l *ledger) UploadDataSet(_ context.Context, _ client.Plan, ds *client.NewDataSet, _ func(int64)) error {
	l.at("uploading")
	b, err := readAll(ds.Files[0])
	if err == nil && string(b) != keptString {
		err = fmt.Errorf("wrong content %q", b)
	}
	return err
}

func (l *ledger) RegisterDataSet(_ context.Context, plan client.Plan, _ *client.NewDataSet) (string, error) {
	l.at("sent, not done")
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(plan.UploadID + "\n")
	if err := errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	l.at("done, not answered")
	return "K" + plan.UploadID, nil
}

func (l *ledger) FindRegistration(_ context.Context, plan client.Plan, _ *client.NewDataSet) (string, bool, error) {
	b, err := os.ReadFile(l.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", false, err
	}
	return "K" + plan.UploadID, bytes.Contains(b, []byte(plan.UploadID+"\n")), nil
}

func (l *ledger) DiscardUpload(context.Context, client.Plan) error { return nil }

func (l *ledger) Files(_ context.Context, ds *client.DataSet) ([]client.File, error) {
	l.at("registered")
	return []client.File{{
		DataSet: ds.PermID, Path: "original/" + keptName,
		Size: int64(len(keptString)), CRC32: crc32.ChecksumIEEE([]byte(keptString)), HasCRC32: true,
	}}, nil
}

// helperProcess saves a file, says when it has reached its point, and waits there to be killed.
func helperProcess() {
	point, dir := os.Getenv(helperEnv), os.Getenv(helperDir)
	reached := func(p string) {
		if p == point {
			fmt.Println("reached")
			select {}
		}
	}
	err := func() error {
		s, err := Open(filepath.Join(dir, "staging"), Options{Server: "server", Registrar: &ledger{filepath.Join(dir, "ledger"), reached}})
		if err != nil {
			return err
		}
		d, err := s.Create(testOwner, keptName, false)
		if err != nil {
			return err
		}
		f, err := d.OpenFile("", os.O_RDWR, 0)
		if err != nil {
			return err
		}
		if _, err := f.WriteAt([]byte(keptString), 0); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		reached("writing")
		if err := f.Close(); err != nil {
			return err
		}
		return d.Commit(context.Background())
	}()
	if err != nil {
		fmt.Println("failed:", err)
	}
	select {}
}

// A process dies by SIGKILL wherever it is: while it lives, nobody touches its draft; then another one brings it to
// the server, once.
func TestKilledProcessLosesNothingAndRegistersOnce(t *testing.T) {
	for _, point := range []string{"writing", "planning", "uploading", "sent, not done", "done, not answered", "registered"} {
		t.Run(point, func(t *testing.T) {
			dir := t.TempDir()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
			cmd.Env = append(os.Environ(), helperEnv+"="+point, helperDir+"="+dir)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil || line != "reached\n" {
				t.Fatalf("helper: %q, %v", line, err)
			}

			called := make(chan string, 100)
			registered := make(chan string, 100)
			s := openTest(t, filepath.Join(dir, "staging"), nil, &ledger{filepath.Join(dir, "ledger"), func(p string) { called <- p }}, func(o *Options) {
				o.Rescan, o.Settle = 10*time.Millisecond, time.Nanosecond
				o.OnRegistered = func(_ *Draft, permID string) { registered <- permID }
			})
			<-s.Scanned()
			drafts := s.Drafts()
			if len(drafts) != 1 {
				t.Fatalf("%d drafts beside the living process, want 1", len(drafts))
			}
			d := drafts[0]
			if err := d.Discard(t.Context()); !errors.Is(err, ErrBusy) {
				t.Errorf("Discard of another process's draft: %v, want ErrBusy", err)
			}
			if len(called) != 0 {
				t.Errorf("another process's draft was worked on: %s", <-called)
			}

			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if point == "writing" {
				waitState(t, d, Held)
			}
			if err := d.Commit(t.Context()); err != nil && !errors.Is(err, ErrGone) {
				t.Fatalf("Commit after the other's death: %v", err)
			}
			waitState(t, d, Released)
			b, err := os.ReadFile(filepath.Join(dir, "ledger"))
			if lines := strings.Count(string(b), "\n"); err != nil || lines != 1 {
				t.Errorf("registered %d times (%v), want once", lines, err)
			}
			if point != "registered" && d.PermID() != <-registered {
				t.Error("OnRegistered got another permId")
			}
		})
	}
}

// waitState waits until a draft has a state.
func waitState(tb testing.TB, d *Draft, want State) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		d.mu.Lock()
		state := d.rec.State
		if d.changed == nil {
			d.changed = make(chan struct{})
		}
		changed := d.changed
		d.mu.Unlock()
		if state == want {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			tb.Fatalf("draft is %s (%v), want %s", state, d.Err(), want)
		}
	}
}
