package staging

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// hooked is a fakeProcess whose registrations a test does itself.
type hooked struct {
	*fakeProcess
	register func(ctx context.Context, plan client.Plan, ds *client.NewDataSet) (string, error)
}

func (h *hooked) RegisterDataSet(ctx context.Context, plan client.Plan, ds *client.NewDataSet) (string, error) {
	return h.register(ctx, plan, ds)
}

func TestRepeatedAttemptThatIsRefusedBecauseTheFirstGotThroughIsASuccess(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server := newFakeServer(client.DatasetUploader)
		h := &hooked{fakeProcess: server.connect(new(atomic.Bool))}
		attempts := 0
		h.register = func(ctx context.Context, plan client.Plan, ds *client.NewDataSet) (string, error) {
			if attempts++; attempts == 1 {
				return "", errLost
			}
			if _, err := h.fakeProcess.RegisterDataSet(ctx, plan, ds); err != nil { // the first attempt, late
				t.Error(err)
			}
			return "", &client.Error{Op: "register", Err: client.ErrRefused, Message: "Data set code exists already."}
		}
		s := openTest(t, t.TempDir(), newFaultDisk(), h)
		d := saved(t, s, "x")
		must(t, d.Commit(within(t, time.Hour)))
		if d.PermID() != "P-1" || len(server.registered()) != 1 || attempts != 2 {
			t.Errorf("%q, %d datasets by %d attempts", d.PermID(), len(server.registered()), attempts)
		}
	})
}

func TestOutcomeThatCanNotBeWrittenIsRememberedAndWrittenLater(t *testing.T) {
	bubble(t, func(t *testing.T) {
		dir := t.TempDir()
		leave(t, dir, 1, Sealed) // by another process: its record is read anew each time
		server := newFakeServer(client.UploadedDataSet)
		server.fail(filesCall, unknownNotDone)
		disk := newFaultDisk()
		h := &hooked{fakeProcess: server.connect(disk.dead)}
		h.register = func(ctx context.Context, plan client.Plan, ds *client.NewDataSet) (string, error) {
			disk.mu.Lock()
			disk.full = map[string]int{"write": 3}
			disk.mu.Unlock()
			disk.arm()
			return h.fakeProcess.RegisterDataSet(ctx, plan, ds)
		}
		told := 0
		s := openTest(t, dir, disk, h, func(o *Options) { o.OnRegistered = func(*Draft, string) { told++ } })
		_, err := s.Drain(within(t, time.Hour))
		must(t, err)
		if len(server.registered()) != 1 || told != 1 || server.count(findCall) != 0 {
			t.Errorf("%d datasets, told %d times, asked %d times", len(server.registered()), told, server.count(findCall))
		}
	})
}

func TestAnswerWithoutAPermIDIsNoAnswer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		server := newFakeServer(client.JupyterUploader)
		h := &hooked{fakeProcess: server.connect(new(atomic.Bool))}
		h.register = func(ctx context.Context, plan client.Plan, ds *client.NewDataSet) (string, error) {
			_, err := h.fakeProcess.RegisterDataSet(ctx, plan, ds)
			return "", err
		}
		s := openTest(t, t.TempDir(), newFaultDisk(), h)
		d := saved(t, s, "x")
		must(t, d.Commit(within(t, time.Minute)))
		if d.PermID() != "S-1" || len(server.registered()) != 1 {
			t.Errorf("%q, %d datasets", d.PermID(), len(server.registered()))
		}
	})
}
