package staging

import (
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// told collects what OnVerified says.
type told struct {
	times int
	ds    *client.DataSet
	twins []Twin
}

func (h *told) note(ds *client.DataSet, twins []Twin) {
	h.times++
	h.ds, h.twins = ds, twins
}

func TestUserOfTheCopyIsToldOnceTheServersIsVerified(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, server := lab(t, client.UploadedDataSet)
		server.mu.Lock()
		server.noCRC = true
		server.mu.Unlock()
		d := saved(t, s, "x")
		var before told
		d.OnVerified(before.note)
		must(t, d.Commit(within(t, time.Minute)))
		<-time.After(time.Hour)
		if d.State() != Verified || before.times != 0 {
			t.Errorf("%s; told %d times without checksums", d.State(), before.times)
		}
		if _, err := s.Drain(within(t, time.Second)); err != nil {
			t.Errorf("a copy that waits for checksums is in the way: %v", err)
		}
		server.mu.Lock()
		server.noCRC = false
		server.mu.Unlock()
		<-time.After(time.Hour)
		if before.times != 1 || before.ds.PermID != d.PermID() || before.ds.DataStore != "DSS1" || len(before.twins) != 1 {
			t.Fatalf("told %+v", before)
		}
		if twin := before.twins[0]; twin.Path != "" || twin.File.Path != "original/x" || !twin.File.HasCRC32 {
			t.Errorf("told %+v", twin)
		}
		calls := server.count(filesCall)
		<-time.After(24 * time.Hour)
		if n := server.count(filesCall); n != calls || d.State() != Verified {
			t.Errorf("%d more listings of what is %s", n-calls, d.State())
		}
		var later told
		d.OnVerified(later.note)
		if later.times != 1 {
			t.Errorf("told %d times after the fact", later.times)
		}
		d.Release()
		<-time.After(time.Second)
		if d.State() != Released {
			t.Errorf("%s after Release", d.State())
		}
	})
}

func TestCopyIsReleasedAtOnceWhateverItWaitsFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, server := lab(t, client.UploadedDataSet)
		server.mu.Lock()
		server.noCRC = true
		server.mu.Unlock()
		d := saved(t, s, "x")
		must(t, d.Commit(within(t, time.Minute)))
		<-time.After(checksumWait + checksumLate + time.Minute)
		d.Release()
		<-time.After(time.Second)
		if d.State() != Released {
			t.Errorf("%s after Release", d.State())
		}
	})
}
