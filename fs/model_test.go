package fs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/client/openbistest"
)

const (
	// modelSteps is how many operations a run has, unless OPENBISFS_TEST_STEPS says so.
	modelSteps = 1000
	// modelPause is after how many of them everything is compared.
	modelPause = 60
)

// The mount and a plain tree in memory go through the same random operations, and
// agree on every errno, on what is visible after each, and in the end on what the
// server has. OPENBISFS_TEST_SEED repeats a run.
func TestTheMountAgreesWithAModel(t *testing.T) {
	for _, route := range []string{"dataset-uploader-api", "createUploadedDataSet"} {
		t.Run(route, func(t *testing.T) {
			seed, steps := rand.Uint64N(1_000_000), modelSteps
			for name, set := range map[string]func(n int){
				"OPENBISFS_TEST_SEED":  func(n int) { seed = uint64(n) },
				"OPENBISFS_TEST_STEPS": func(n int) { steps = n },
			} {
				if text := os.Getenv(name); text != "" {
					n, err := strconv.Atoi(text)
					if err != nil {
						t.Fatal(name, err)
					}
					set(n)
				}
			}
			t.Logf("OPENBISFS_TEST_SEED=%d OPENBISFS_TEST_STEPS=%d", seed, steps)
			r := newModelRun(t, route, seed)
			for range steps {
				r.step()
			}
			r.end()
			t.Logf("%d Datasets were registered", len(r.model.saved))
		})
	}
}

// collection is what object is in.
const collection = "MATERIALS/AL_FATIGUE/TENSILE_TESTS"

// modelRun is a mount and a model of it.
type modelRun struct {
	*bench
	chooser *chooser
	model   *model
	trace   []string
	to      *json.Encoder
	from    *json.Decoder
	in      io.Closer
}

func newModelRun(t *testing.T, route string, seed uint64) *modelRun {
	b := mountBench(t, never, func(o *labOptions) { o.simulator.Routes, o.dropbox = []string{route}, route })
	m := newModel(object, collection+"/CPN-03", collection)
	r := &modelRun{bench: b, model: m, chooser: &chooser{Rand: rand.New(rand.NewPCG(seed, 1)), m: m}}
	cmd := helperCommand(context.WithoutCancel(t.Context()), "operate", b.dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.to, r.from, r.in = json.NewEncoder(in), json.NewDecoder(out), in
	t.Cleanup(func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// mount carries an operation out in the mount.
func (r *modelRun) mount(op *fileOperation) fileAnswer {
	r.t.Helper()
	var a fileAnswer
	if err := errors.Join(r.to.Encode(op), r.from.Decode(&a)); err != nil {
		r.fail(op, "%v", err)
	}
	return a
}

func (r *modelRun) step() {
	r.t.Helper()
	switch n := r.chooser.IntN(100); {
	case n < 3:
		r.stepForeign()
	case n < 6:
		r.stepCommit()
	default:
		r.stepOperation(r.chooser.choose())
	}
	if len(r.trace)%modelPause == 0 {
		r.compareAll()
	}
}

func (r *modelRun) stepOperation(op *fileOperation) {
	r.t.Helper()
	r.trace = append(r.trace, op.String())
	before := len(r.model.saved)
	var descriptor *modelDescriptor
	if op.Slot != 0 {
		descriptor = r.model.open[op.Slot]
	}
	want, data := r.model.do(op)
	got := r.mount(op)
	if got.Error != name(want) {
		r.fail(op, "the mount says %q, the model %q", got.Error, name(want))
	}
	if !bytes.Equal(got.Data, data) {
		r.fail(op, "it reads %s, should be %s", short(got.Data), short(data))
	}
	r.registeredSince(op, before)
	if descriptor != nil {
		r.compareDescriptor(op, descriptor)
	}
	for _, p := range op.touched() {
		r.compare(op, p)
	}
}

// registeredSince waits for what the model says that was registered late, and
// checks that nothing else was.
func (r *modelRun) registeredSince(op *fileOperation, before int) {
	r.t.Helper()
	for i, saved := range r.model.saved[before:] {
		if !saved.late {
			continue
		}
		r.until("a Dataset is registered that nobody waits for: "+r.told(op), func() bool {
			found := r.registered()
			return len(found) > before+i && r.noted(found[before+i].PermID)
		})
	}
	found := r.registered()
	if n := len(found); n != len(r.model.saved) {
		r.fail(op, "%d Datasets are registered, should be %d", n, len(r.model.saved))
	}
	for i, saved := range r.model.saved[before:] {
		r.trace[len(r.trace)-1] += fmt.Sprintf(" → %s/%s is registered as %s", saved.owner, saved.name, found[before+i].PermID)
	}
}

// noted tells whether the mount knows that a Dataset is registered.
func (r *modelRun) noted(permID string) bool {
	o := r.fs.vol.overlay
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.last {
		if d.PermID() == permID {
			return true
		}
	}
	return false
}

// compareDescriptor compares what a descriptor shows.
func (r *modelRun) compareDescriptor(op *fileOperation, d *modelDescriptor) {
	r.t.Helper()
	slot := op.Slot
	if r.model.open[slot] != d {
		return // closed
	}
	a := r.mount(&fileOperation{Op: "fstat", Slot: slot})
	if a.Error != "" || a.Seen[0].Size != int64(len(d.node.content)) || a.Seen[0].Mode != d.node.mode {
		r.fail(op, "fstat says %s %+v, should be %d bytes, mode %#o", a.Error, a.Seen, len(d.node.content), d.node.mode)
	}
	if !d.read {
		return
	}
	a = r.mount(&fileOperation{Op: "pread", Slot: slot, Size: int64(len(d.node.content)) + 1})
	if a.Error != "" || !bytes.Equal(a.Data, d.node.content) {
		r.fail(op, "descriptor %d reads %s %s, should be %s", slot, a.Error, short(a.Data), short(d.node.content))
	}
}

// compare compares what is at a path.
func (r *modelRun) compare(op *fileOperation, p string) {
	r.t.Helper()
	at, errno := r.model.find(p)
	a := r.mount(&fileOperation{Op: "look", Path: p})
	if errno == 0 && at.node == nil {
		errno = unix.ENOENT
	}
	if a.Error != name(errno) {
		r.fail(op, "stat of %q says %q, should be %q", p, a.Error, name(errno))
	}
	if errno == 0 {
		r.same(op, a.Seen[0], at.node.sighted(""))
		if op.Op == "utimes" && at.node.typ != "link" && at.node.draft.open && a.Seen[0].Mtime != op.Size {
			r.fail(op, "its time is %d", a.Seen[0].Mtime)
		}
	}
}

func (r *modelRun) same(op *fileOperation, got, want sighted) {
	r.t.Helper()
	if got.Path != want.Path || got.Type != want.Type || got.Mode != want.Mode || got.Target != want.Target || got.Size != want.Size {
		got.Content, want.Content = nil, nil
		r.fail(op, "%q is %+v, should be %+v", want.Path, got, want)
	}
	if !bytes.Equal(got.Content, want.Content) {
		r.fail(op, "%q reads %s, should be %s", want.Path, short(got.Content), short(want.Content))
	}
}

// compareAll compares everything that is visible below the owners.
func (r *modelRun) compareAll() {
	r.t.Helper()
	op := &fileOperation{Op: "walk"}
	for _, owner := range r.model.owners {
		a := r.mount(&fileOperation{Op: "walk", Path: owner, Names: append(r.model.names(owner), "none")})
		if a.Error != "" {
			r.fail(op, "listing %s: %s", owner, a.Error)
		}
		want := r.model.sight(owner)
		listed := make(map[string]bool)
		for _, got := range a.Seen {
			listed[got.Path] = true
			expected, ok := want[got.Path]
			switch {
			case got.Type == "other": // the server's
			case !ok:
				r.fail(op, "%s/%s should not be there", owner, got.Path)
			case path.Base(got.Path) != metadataName:
				r.same(op, got, expected)
			}
		}
		for p := range want {
			if !listed[p] {
				r.fail(op, "%s/%s is not listed", owner, p)
			}
		}
		for i, saved := range r.model.saved {
			if permID := r.registered()[i].PermID; saved.owner == owner && !listed[permID] {
				r.fail(op, "the Dataset %s of %s is not listed in %s", permID, saved.name, owner)
			}
		}
	}
}

func (r *modelRun) stepForeign() {
	r.t.Helper()
	var dataset, file string
	if n := len(r.model.saved); n > 0 {
		i := r.chooser.IntN(n)
		registered := r.registered()[i]
		dataset = path.Join(r.model.saved[i].owner, registered.PermID)
		file = path.Join(dataset, registered.Files[0])
	}
	f := r.chooser.chooseForeign(dataset, file)
	r.trace = append(r.trace, f.op.String())
	if got := r.mount(f.op); got.Error != name(f.want) {
		r.fail(f.op, "the mount says %q, should be %q", got.Error, name(f.want))
	}
}

// stepCommit asks for a registration, and reads a registered Dataset.
func (r *modelRun) stepCommit() {
	r.t.Helper()
	if all := r.chooser.committable(); len(all) > 0 {
		r.commit(r.chooser.of(all))
	}
	if n := len(r.model.saved); n > 0 {
		r.compareDataSet(r.chooser.IntN(n))
	}
}

func (r *modelRun) commit(p string) {
	r.t.Helper()
	op := &fileOperation{Op: "commit", Path: p}
	r.trace = append(r.trace, op.String())
	before := len(r.model.saved)
	want := r.model.commit(p)
	_, err := r.fs.Commit(r.t.Context(), p)
	if (err == nil) != want {
		r.fail(op, "commit says %v, should be possible: %v", err, want)
	}
	r.registeredSince(op, before)
}

// compareDataSet reads a Dataset as the mount shows it.
func (r *modelRun) compareDataSet(i int) {
	r.t.Helper()
	saved := r.model.saved[i]
	op := &fileOperation{Op: "walk", Path: path.Join(saved.owner, r.registered()[i].PermID)}
	a := r.mount(op)
	if a.Error != "" {
		r.fail(op, "the mount says %q", a.Error)
	}
	content := make(map[string]string)
	for _, s := range a.Seen {
		if s.Type == "file" && s.Path != metadataName {
			content[withoutFolder(s.Path)] = string(s.Content)
		}
	}
	if !maps.Equal(content, saved.content) {
		r.fail(op, "Dataset of %s has %s, should be %s", saved.name, shortAll(content), shortAll(saved.content))
	}
}

// withoutFolder takes away the folder that routes put what they register into.
func withoutFolder(p string) string {
	return strings.TrimPrefix(strings.TrimPrefix(p, "original/"), "DEFAULT/")
}

// end closes everything, registers what can be, and compares what the server has.
func (r *modelRun) end() {
	r.t.Helper()
	for _, slot := range r.model.slots() {
		r.stepOperation(&fileOperation{Op: "close", Slot: slot})
	}
	for _, p := range r.chooser.committable() {
		r.commit(p)
	}
	r.compareAll()
	r.settle()
	lab := make(map[string]*openbistest.DataSet)
	for _, ds := range r.server.Lab.DataSets {
		lab[ds.PermID] = ds
	}
	found := r.registered()
	if len(found) != len(r.model.saved) {
		r.t.Fatalf("%d Datasets are registered, should be %d", len(found), len(r.model.saved))
	}
	permID := make(map[*modelSaved]string)
	for i, saved := range r.model.saved {
		permID[saved] = found[i].PermID
		r.compareWithServer(saved, found[i], lab[found[i].PermID], permID)
	}
	for _, d := range r.drafts.Drafts() {
		if state := d.State(); !state.Pending() && state != staging.Opened && state != staging.Registered && state != staging.Verified {
			r.t.Errorf("the draft of %s is %s: %v", d.Name(), state, d.Err())
		}
	}
}

func (r *modelRun) compareWithServer(saved *modelSaved, registered openbistest.Registration, ds *openbistest.DataSet, permID map[*modelSaved]string) {
	r.t.Helper()
	if path.Base(registered.Owner) != path.Base(saved.owner) {
		r.t.Errorf("%s belongs to %s, should be %s", saved.name, registered.Owner, saved.owner)
	}
	content := make(map[string]string)
	var folders []string
	ds.Root.Walk(func(p string, n *openbistest.Node) {
		switch {
		case !n.IsFolder():
			text, err := io.ReadAll(io.NewSectionReader(n.Content, 0, n.Content.Size()))
			if err != nil {
				r.t.Error(err)
			}
			content[withoutFolder(p)] = string(text)
		case len(n.Children) == 0:
			folders = append(folders, withoutFolder(p))
		}
	})
	if !maps.Equal(content, saved.content) {
		r.t.Errorf("the server has %s, should be %s", shortAll(content), shortAll(saved.content))
	}
	slices.Sort(folders)
	slices.Sort(saved.folders)
	if !slices.Equal(folders, saved.folders) {
		r.t.Errorf("%s: the server has the empty folders %q, should be %q", saved.name, folders, saved.folders)
	}
	var parents, want []string
	for _, p := range ds.Parents {
		parents = append(parents, p.PermID)
	}
	if saved.parent != nil {
		want = []string{permID[saved.parent]}
	}
	if !slices.Equal(parents, want) {
		r.t.Errorf("the parents of %s (%s) are %q, should be %q", saved.name, registered.PermID, parents, want)
	}
}

// fail tells what is wrong, and how it came to it.
func (r *modelRun) fail(op *fileOperation, format string, args ...any) {
	r.t.Helper()
	r.t.Fatalf("%s\ndrafts: %s", r.told(op)+": "+fmt.Sprintf(format, args...), r.states())
}

// told is an operation, and those before it.
func (r *modelRun) told(op *fileOperation) string {
	const most = 30
	last := r.trace[max(0, len(r.trace)-most):]
	return strings.ReplaceAll(fmt.Sprintf("after\n\t%s\n%s", strings.Join(last, "\n\t"), op), collection, "TESTS")
}

func name(errno unix.Errno) string {
	if errno == 0 {
		return ""
	}
	return unix.ErrnoName(errno)
}

// short is content in a few words.
func short[T []byte | string](content T) string {
	return fmt.Sprintf("%d bytes %.12q…", len(content), string(content))
}

func shortAll(files map[string]string) string {
	var list []string
	for _, p := range slices.Sorted(maps.Keys(files)) {
		list = append(list, p+": "+short(files[p]))
	}
	return "{" + strings.Join(list, ", ") + "}"
}
