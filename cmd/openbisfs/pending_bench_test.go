package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/client/openbistest"
	"github.com/openbisfs/openbisfs/fs"
)

const (
	pendingUploads = 10_000
	largePending   = 1 << 30 // bytes of each, sparse
	pendingRuns    = 5       // of each kind of mount
)

// BenchmarkMountWithPendingUploads mounts with nothing staged, with ten thousand pending uploads of a byte, and with as many
// of a GiB, while the data store answers no upload. The medians tell how long a mount takes, how much memory it has when all
// drafts are listed, how many uploads are tried at a time, and how long "uploads list" takes.
func BenchmarkMountWithPendingUploads(b *testing.B) {
	server := openbistest.NewServer(b, openbistest.Options{Routes: []string{"createUploadedDataSet"}})
	uploads := server.Faults.Add(openbistest.Fault{Kind: openbistest.Stall, Method: "session_workspace_file_upload", Times: -1})
	defer uploads.Remove()
	m := &pendingMount{B: b, server: server, owner: server.Lab.Samples[slices.IndexFunc(server.Lab.Samples, func(s *openbistest.Sample) bool { return s.Code == "CPN-01" })]}
	kinds := []*pendingKind{{name: "none"}, {name: "small", size: 1, drafts: pendingUploads}, {name: "large", size: largePending, drafts: pendingUploads}}
	for _, k := range kinds {
		k.home = b.TempDir()
		m.prepare(k)
	}
	for b.Loop() {
		for range pendingRuns {
			for _, k := range kinds {
				m.once(k)
			}
		}
	}
	none, small, large := kinds[0], kinds[1], kinds[2]
	b.ReportMetric(median(none.mounting), "s/mount-of-none")
	b.ReportMetric(median(small.mounting)/median(none.mounting), "×mount-of-none")
	b.ReportMetric(median(large.mounting)/median(none.mounting), "×mount-of-none-when-large")
	b.ReportMetric(median(none.memory), "MiB-of-none")
	b.ReportMetric(median(small.memory), "MiB")
	b.ReportMetric(median(large.memory), "MiB-when-large")
	b.ReportMetric(median(small.known), "s/known")
	b.ReportMetric(median(small.listing), "s/uploads-list")
	b.ReportMetric(median(small.listingCPU), "CPU-s/uploads-list")
	b.ReportMetric(max(slices.Max(small.calls), slices.Max(large.calls)), "uploads-in-flight")
}

// pendingKind is a staging directory and what was measured with it.
type pendingKind struct {
	name   string
	drafts int
	size   int64
	home   string

	mounting, known, listing, listingCPU []float64 // seconds
	memory                               []float64 // MiB
	calls                                []float64 // uploads that were begun
}

type pendingMount struct {
	*testing.B
	server *openbistest.Server
	owner  *openbistest.Sample
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func (m *pendingMount) must(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

// prepare makes a user's directory with copies of one sealed draft.
func (m *pendingMount) prepare(k *pendingKind) {
	m.Helper()
	m.must(os.WriteFile(filepath.Join(k.home, "password"), []byte("demo\n"), 0o600))
	m.must(os.Mkdir(filepath.Join(k.home, "mnt"), 0o755))
	store, err := staging.Open(filepath.Join(k.home, "staging"), staging.Options{Server: "demo@" + m.server.URL, Workers: -1})
	m.must(err)
	d, err := store.Create(staging.Owner{Kind: staging.Object, PermID: m.owner.PermID, Identifier: m.owner.Identifier()}, "pending", false)
	m.must(err)
	m.must(d.Seal(m.Context()))
	pattern := filepath.Dir(d.Root())
	m.must(store.Close(m.Context()))
	var record map[string]any
	text, err := os.ReadFile(filepath.Join(pattern, "record.json"))
	m.must(err)
	m.must(json.Unmarshal(text, &record))
	manifest := fmt.Appendf(nil, "{\"path\":\"\",\"size\":%d,\"crc32\":0}\n", k.size)
	record["content"] = map[string]any{"files": 1, "bytes": k.size, "crc32": crc32.ChecksumIEEE(manifest)}
	for i := range k.drafts {
		id := pendingID(i)
		dir := filepath.Join(filepath.Dir(pattern), id)
		record["id"], record["name"] = id, fmt.Sprintf("pending-%05d", i)
		text, err := json.Marshal(record)
		m.must(err)
		m.must(os.Mkdir(dir, 0o700))
		m.must(os.WriteFile(filepath.Join(dir, "files.jsonl"), manifest, 0o600))
		m.must(os.WriteFile(filepath.Join(dir, "record.json"), text, 0o600))
		m.must(os.WriteFile(filepath.Join(dir, "data"), nil, 0o600))
		m.must(os.Truncate(filepath.Join(dir, "data"), k.size))
	}
	m.must(os.RemoveAll(pattern))
}

func pendingID(i int) string { return fmt.Sprintf("20200101T%06d.%03d-aaaaaaaaaa", i/1000, i%1000) }

// once mounts, looks, and lets the mount die, so that nothing of it is done.
func (m *pendingMount) once(k *pendingKind) {
	m.Helper()
	before := m.server.Calls()["session_workspace_file_upload"]
	dir := filepath.Join(k.home, "mnt")
	cmd := m.openbisfs(k, "mount", m.server.URL, dir, "--foreground", "-u", "demo", "--password-file", filepath.Join(k.home, "password"),
		"--rw", "--staging-dir", filepath.Join(k.home, "staging"), "--dropbox", "createUploadedDataSet", "--cache-size", "0")
	log, err := os.Create(filepath.Join(k.home, "log"))
	m.must(err)
	cmd.Stderr = log
	begun := time.Now()
	m.must(cmd.Start())
	defer func() {
		m.must(cmd.Process.Kill())
		_ = cmd.Wait()
		m.must(errors.Join(fs.Unmount(dir, true), log.Close()))
	}()
	m.until(k, func() bool { return mountedAt(dir) })
	k.mounting = append(k.mounting, time.Since(begun).Seconds())
	if k.drafts > 0 {
		last := filepath.Join(dir, ".openbis", "uploads", pendingID(k.drafts-1)+".json")
		m.until(k, func() bool { return unix.Access(last, unix.F_OK) == nil })
		k.known = append(k.known, time.Since(begun).Seconds())
		m.until(k, func() bool { return m.server.Calls()["session_workspace_file_upload"] > before })
		m.list(k)
	}
	k.memory = append(k.memory, m.resident(cmd.Process.Pid))
	k.calls = append(k.calls, float64(m.server.Calls()["session_workspace_file_upload"]-before))
}

// list runs "uploads list" beside the mount.
func (m *pendingMount) list(k *pendingKind) {
	m.Helper()
	cmd := m.openbisfs(k, "uploads", "list", "--staging-dir", filepath.Join(k.home, "staging"))
	begun := time.Now()
	out, err := cmd.Output()
	k.listing = append(k.listing, time.Since(begun).Seconds())
	k.listingCPU = append(k.listingCPU, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds())
	if n := strings.Count(string(out), "pending-"); err != nil || n != k.drafts {
		m.Fatalf("uploads list: %v, %d are listed: %.500s", err, n, out)
	}
}

func (m *pendingMount) openbisfs(k *pendingKind, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.WithoutCancel(m.Context()), "openbisfs", args...)
	cmd.Env = append(os.Environ(), "HOME="+k.home, "XDG_STATE_HOME=", "XDG_RUNTIME_DIR="+k.home)
	return cmd
}

// mountedAt tells whether there is a mount that answers.
func mountedAt(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && st.Type == unix.FUSE_SUPER_MAGIC
}

func (m *pendingMount) until(k *pendingKind, done func() bool) {
	m.Helper()
	end := time.After(time.Minute)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-end:
			log, _ := os.ReadFile(filepath.Join(k.home, "log"))
			m.Fatalf("waited in vain with %s; the mount says: %.2000s", k.name, log)
		}
	}
}

// resident returns the memory of a process in MiB.
func (m *pendingMount) resident(pid int) float64 {
	m.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	m.must(err)
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" {
			kib, err := strconv.Atoi(fields[1])
			m.must(err)
			return float64(kib) / 1024
		}
	}
	m.Fatal("no VmRSS")
	return 0
}
