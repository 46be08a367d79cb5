package staging

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/openbisfs/openbisfs/client"
)

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) != "" {
		helperProcess()
		return
	}
	// Thousands of cells make a hundred thousand files: in memory, where the machine has such a place.
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() && os.Getenv("TMPDIR") == "" {
		_ = os.Setenv("TMPDIR", "/dev/shm")
	}
	goleak.VerifyTestMain(m)
}

// remote names a call of a Registrar.
type remote string

const (
	planCall     remote = "plan"
	aheadCall    remote = "upload ahead"
	uploadCall   remote = "upload"
	registerCall remote = "register"
	findCall     remote = "find"
	discardCall  remote = "discard"
	filesCall    remote = "files"
)

// fault is what happens to one call.
type fault string

const (
	refusal        fault = "refused"
	retryable      fault = "retryable error"
	unknownDone    fault = "unknown, done"
	unknownNotDone fault = "unknown, not done"
	stallThenDone  fault = "stall, then done"
	expired        fault = "session expired"
)

const (
	patience  = time.Minute     // of the client, in a stall
	stallTime = 3 * time.Minute // of the server
)

// fakeServer registers Datasets with the weaknesses of the three real routes.
type fakeServer struct {
	route client.Route

	mu        sync.Mutex
	sessions  int
	session   int                          // the only one that has a workspace
	workspace map[string]map[string][]byte // by upload ID: content by path
	datasets  []*fakeDataSet
	plans     int
	faults    map[remote][]fault
	calls     map[remote]int
	noCRC     bool // the listing has no checksums yet
	spoil     func([]client.File) []client.File
	kept      int // slices sent ahead that were not sent again
}

type fakeDataSet struct {
	permID, owner, typ, name string
	directory                bool
	properties               map[string]string
	parents                  []string
	files                    map[string][]byte // by path below the wrapper
	folders                  []string
	at                       time.Time
}

func newFakeServer(route client.Route) *fakeServer {
	return &fakeServer{
		route: route, workspace: make(map[string]map[string][]byte),
		faults: make(map[remote][]fault), calls: make(map[remote]int),
	}
}

// fakeProcess is a client process with a session of its own. A dead one reaches nothing.
type fakeProcess struct {
	*fakeServer
	session int
	dead    *atomic.Bool
	growing map[string]client.Growing // by upload ID
}

var _ AheadUploader = (*fakeProcess)(nil)
var _ Registrar = (*fakeProcess)(nil)

// connect begins a session, and with it ends the one before.
func (s *fakeServer) connect(dead *atomic.Bool) *fakeProcess {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions++
	s.session = s.sessions
	clear(s.workspace)
	return &fakeProcess{fakeServer: s, session: s.sessions, dead: dead, growing: make(map[string]client.Growing)}
}

// serve carries out one call with the next fault. do is called under the server's mutex, when the server does the work.
func (p *fakeProcess) serve(ctx context.Context, call remote, lost error, do func() error) error {
	if p.dead.Load() {
		return errCrashed
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[call]++
	var f fault
	if queue := p.faults[call]; len(queue) > 0 {
		f, p.faults[call] = queue[0], queue[1:]
	}
	switch f {
	case "":
		return do()
	case refusal:
		if call == registerCall {
			clear(p.workspace)
		}
		return &client.Error{Op: string(call), Err: client.ErrRefused, Message: "Property $NAME is mandatory."}
	case retryable:
		if call == registerCall {
			clear(p.workspace)
		}
		return &client.Error{Op: string(call), Err: client.ErrServer, Message: "Could not process file."}
	case unknownDone:
		_ = do()
		return lost
	case unknownNotDone:
		return lost
	case expired:
		clear(p.workspace)
		return &client.Error{Op: string(call), Err: client.ErrUnauthenticated}
	case stallThenDone:
		time.AfterFunc(stallTime, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			_ = do()
		})
		p.mu.Unlock()
		defer p.mu.Lock()
		select {
		case <-time.After(patience):
		case <-ctx.Done():
		}
		return lost
	}
	panic("fault " + f)
}

var (
	errUnavailable = &client.Error{Op: "fake", Err: client.ErrUnavailable, Message: "connection reset"}
	errLost        = &client.Error{Op: "fake", Err: client.ErrOutcomeUnknown, Message: "connection reset"}
)

func (p *fakeProcess) PlanRegistration(ctx context.Context, _ client.RegistrationOptions) (client.Plan, error) {
	var plan client.Plan // a stalled call writes it when it is not returned any more
	err := p.serve(ctx, planCall, errUnavailable, func() error {
		p.plans++
		plan = client.Plan{Route: p.route, DataStore: "DSS1", UploadID: "upload-" + strconv.Itoa(p.plans), Since: time.Now()}
		if p.route == client.DatasetUploader {
			plan.PermID = "P-" + strconv.Itoa(p.plans)
		}
		return nil
	})
	if err != nil {
		return client.Plan{}, err
	}
	return plan, nil
}

func (p *fakeProcess) UploadDataSet(ctx context.Context, plan client.Plan, ds *client.NewDataSet, progress func(int64)) error {
	if p.dead.Load() {
		return errCrashed
	}
	files := make(map[string][]byte)
	var sent int64
	p.mu.Lock()
	growing := p.growing[plan.UploadID]
	p.mu.Unlock()
	for _, f := range ds.Files {
		content, err := readAll(f)
		if err != nil {
			return fmt.Errorf("upload %s: %w", f.Path, err)
		}
		files[path.Join(ds.Name, f.Path)] = content
		if growing != nil {
			files[ds.Name] = p.mix(plan.UploadID, growing, content)
		}
		sent += f.Size
		progress(sent)
	}
	return p.serve(ctx, uploadCall, errUnavailable, func() error {
		if p.session == p.fakeServer.session {
			p.workspace[plan.UploadID] = files
		}
		return nil
	})
}

// aheadSlice is the size of the slices of the fake server, in bytes.
const aheadSlice = 100

// UploadAhead sends one slice after the other.
func (p *fakeProcess) UploadAhead(ctx context.Context, plan client.Plan, _ *client.NewDataSet, content client.Growing) error {
	p.mu.Lock()
	p.growing[plan.UploadID] = content
	p.mu.Unlock()
	for off := int64(0); content.Await(ctx, off+aheadSlice) == nil; off += aheadSlice {
		content.Reading(off, off+aheadSlice)
		b := make([]byte, aheadSlice)
		if _, err := content.ReadAt(b, off); err != nil {
			return &client.Error{Op: "upload", Err: client.ErrCorrupt}
		}
		err := p.serve(ctx, aheadCall, errUnavailable, func() error {
			if p.session != p.fakeServer.session {
				return nil
			}
			slices := p.workspace["ahead "+plan.UploadID]
			if slices == nil {
				slices = make(map[string][]byte)
				p.workspace["ahead "+plan.UploadID] = slices
			}
			slices[strconv.FormatInt(off, 10)] = b
			return nil
		})
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// mix is what is in the workspace when all of content was sent but what had been sent ahead and is said to be
// unchanged. Nothing is made shorter by that.
func (p *fakeProcess) mix(uploadID string, growing client.Growing, content []byte) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	mixed := bytes.Clone(content)
	for at, b := range p.workspace["ahead "+uploadID] {
		off, _ := strconv.ParseInt(at, 10, 64)
		end := off + int64(len(b))
		if end > int64(len(mixed)) {
			mixed = append(mixed, make([]byte, end-int64(len(mixed)))...)
			copy(mixed[max(off, int64(len(content))):], b[max(0, int64(len(content))-off):])
		}
		if growing.Unchanged(off, end) {
			copy(mixed[off:], b)
			p.kept++
		}
	}
	return mixed
}

func readAll(f client.NewFile) ([]byte, error) {
	content, err := f.Content()
	if err != nil {
		return nil, err
	}
	defer content.Close()
	b, err := io.ReadAll(io.NewSectionReader(content, 0, f.Size))
	if err == nil && crc32.ChecksumIEEE(b) != f.CRC32 {
		err = &client.Error{Op: "upload", Err: client.ErrCorrupt}
	}
	return b, err
}

func (p *fakeProcess) RegisterDataSet(ctx context.Context, plan client.Plan, ds *client.NewDataSet) (string, error) {
	// A stalled attempt has its files in hand already: the worst that can happen.
	p.mu.Lock()
	files, there := p.workspace[plan.UploadID]
	there = there && p.session == p.fakeServer.session
	p.mu.Unlock()
	made := &fakeDataSet{
		permID: plan.PermID, owner: ds.Object + ds.Collection, typ: ds.Type, name: ds.Name, directory: ds.Directory,
		properties: ds.Properties, parents: ds.Parents, files: files, folders: ds.Folders,
	}
	var permID string
	err := p.serve(ctx, registerCall, errLost, func() error {
		if !there {
			return &client.Error{Op: "register", Err: client.ErrServer, Message: "No uploaded files found"}
		}
		if p.route != client.JupyterUploader {
			delete(p.workspace, plan.UploadID)
		}
		if made.permID == "" {
			made.permID = "S-" + strconv.Itoa(len(p.datasets)+1)
		}
		if slices.ContainsFunc(p.datasets, func(d *fakeDataSet) bool { return d.permID == made.permID }) {
			return &client.Error{Op: "register", Err: client.ErrRefused, Message: "Data set code exists already."}
		}
		made.at = time.Now()
		p.datasets = append(p.datasets, made)
		permID = made.permID
		return nil
	})
	if err != nil {
		return "", err
	}
	return permID, nil
}

func (p *fakeProcess) FindRegistration(ctx context.Context, plan client.Plan, ds *client.NewDataSet) (string, bool, error) {
	var permID string
	var found bool
	err := p.serve(ctx, findCall, errUnavailable, func() error {
		for _, d := range p.datasets {
			same := d.permID == plan.PermID
			if plan.PermID == "" {
				same = d.owner == ds.Object+ds.Collection && d.typ == ds.Type && d.name == ds.Name && !d.at.Before(plan.Since) && d.has(ds)
			}
			if same {
				permID, found = d.permID, true
			}
		}
		return nil
	})
	if err != nil {
		return "", false, err
	}
	return permID, found, nil
}

func (p *fakeProcess) DiscardUpload(ctx context.Context, plan client.Plan) error {
	return p.serve(ctx, discardCall, errUnavailable, func() error {
		delete(p.workspace, plan.UploadID)
		delete(p.workspace, "ahead "+plan.UploadID)
		return nil
	})
}

func (p *fakeProcess) Files(ctx context.Context, ds *client.DataSet) ([]client.File, error) {
	var files []client.File
	err := p.serve(ctx, filesCall, errUnavailable, func() error {
		for _, d := range p.datasets {
			if d.permID != ds.PermID {
				continue
			}
			files = append(files, client.File{DataSet: d.permID, Path: "original", Directory: true})
			for _, name := range slices.Sorted(maps.Keys(d.files)) {
				b := d.files[name]
				files = append(files, client.File{
					DataSet: d.permID, Path: "original/" + name, Size: int64(len(b)), CRC32: crc32.ChecksumIEEE(b), HasCRC32: !p.noCRC,
				})
			}
			if p.spoil != nil {
				files = p.spoil(files)
			}
			return nil
		}
		return &client.Error{Op: "files", Err: client.ErrNotFound}
	})
	if err != nil {
		return nil, err
	}
	return files, nil
}

// has tells whether a Dataset has files of these sizes, and as many.
func (s *fakeDataSet) has(ds *client.NewDataSet) bool {
	return len(s.files) == len(ds.Files) && !slices.ContainsFunc(ds.Files, func(f client.NewFile) bool {
		b, ok := s.files[path.Join(ds.Name, f.Path)]
		return !ok || int64(len(b)) != f.Size
	})
}

// count returns how often a call was made.
func (s *fakeServer) count(call remote) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[call]
}

// fail lets the next calls fail so.
func (s *fakeServer) fail(call remote, f ...fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[call] = append(s.faults[call], f...)
}

// registered returns what the server has.
func (s *fakeServer) registered() []*fakeDataSet {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.datasets)
}

// checkOnce fails the test unless the server has exactly one Dataset, with exactly these files.
func (s *fakeServer) checkOnce(tb testing.TB, want map[string][]byte) {
	tb.Helper()
	sets := s.registered()
	if len(sets) != 1 {
		tb.Fatalf("server has %d datasets, want 1", len(sets))
	}
	if d := sets[0]; d.owner != testOwner.PermID || !maps.EqualFunc(d.files, want, bytes.Equal) {
		tb.Fatalf("server has files %q of owner %s, want %q of %s",
			slices.Sorted(maps.Keys(d.files)), d.owner, slices.Sorted(maps.Keys(want)), testOwner.PermID)
	}
}
