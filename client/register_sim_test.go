package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

// routes are all ways to register.
var routes = []Route{DatasetUploader, UploadedDataSet, JupyterUploader}

// registrar is a client of a server that offers one route.
type registrar struct {
	*Client
	t     *testing.T
	s     *openbistest.Server
	route Route
}

func newRegistrar(t *testing.T, route Route, opts openbistest.Options, change ...func(*Options)) *registrar {
	t.Helper()
	opts.Routes = []string{string(route)}
	s := openbistest.NewServer(t, opts)
	r := &registrar{Client: login(t, s, "demo", change...), t: t, s: s, route: route}
	r.registrations.slice = testSlice
	return r
}

// object is an Object that Datasets can be registered for.
func (r *registrar) object() *openbistest.Sample {
	i := slices.IndexFunc(r.s.Lab.Samples, func(s *openbistest.Sample) bool { return s.Experiment != nil && s.Container == nil })
	return r.s.Lab.Samples[i]
}

// draft completes a description.
func (r *registrar) draft(ds *NewDataSet) *NewDataSet {
	ds.Object, ds.Type = r.object().PermID, "RAW_DATA"
	ds.ObjectIdentifier = r.object().Identifier()
	return ds
}

func (r *registrar) plan() Plan {
	r.t.Helper()
	opts := RegistrationOptions{}
	if r.route == JupyterUploader {
		opts.Dropbox = string(JupyterUploader)
	}
	plan, err := r.PlanRegistration(r.t.Context(), opts)
	if err != nil {
		r.t.Fatal(err)
	}
	if plan.Route != r.route {
		r.t.Fatalf("the route is %s", plan.Route)
	}
	return plan
}

// do uploads and registers.
func (r *registrar) do(plan Plan, ds *NewDataSet) (string, error) {
	if err := r.UploadDataSet(r.t.Context(), plan, ds, nil); err != nil {
		return "", fmt.Errorf("upload: %w", err)
	}
	return r.RegisterDataSet(r.t.Context(), plan, ds)
}

// persist does what a careful caller does, until it is done: upload, register, and look when the outcome is unknown.
func (r *registrar) persist(plan Plan, ds *NewDataSet) (string, error) {
	var err error
	for range 5 {
		var id string
		if id, err = r.do(plan, ds); err == nil {
			return id, nil
		}
		if errors.Is(err, ErrOutcomeUnknown) {
			id, found, findErr := r.FindRegistration(r.t.Context(), plan, ds)
			if findErr == nil && found {
				return id, nil
			}
			err = errors.Join(err, findErr)
		} else if errors.Is(err, ErrRefused) {
			return "", err
		}
	}
	return "", err
}

// wantDataSet checks the Dataset that a registration has made.
func (r *registrar) wantDataSet(permID string, ds *NewDataSet) {
	r.t.Helper()
	ctx := r.t.Context()
	got, err := r.GetDataSets(ctx, permID)
	if err != nil || got[permID] == nil {
		r.t.Fatalf("dataset %q: %v", permID, err)
	}
	d := got[permID]
	if d.Type != ds.Type || d.Object == nil || d.Object.PermID != ds.Object || d.Registrator.UserID != "demo" {
		r.t.Errorf("got %+v", d)
	}
	for code, value := range ds.Properties {
		if d.Properties[code] != value {
			r.t.Errorf("property %s is %q", code, d.Properties[code])
		}
	}
	if len(d.Parents) != len(ds.Parents) {
		r.t.Errorf("parents %v", d.Parents)
	}
	files, err := r.Files(ctx, d)
	if err != nil || !contentMatches(ds, files, false) {
		r.t.Fatalf("listed are %v, %v", files, err)
	}
	folders := make(map[string]bool)
	for _, f := range files {
		if f.Directory {
			folders[f.Path] = true
			continue
		}
		i := slices.IndexFunc(ds.Files, func(n NewFile) bool { return strings.HasSuffix(f.Path, "/"+ds.pathOf(n)) })
		if i < 0 {
			r.t.Errorf("there is %s", f.Path)
			continue
		}
		content := r.Content(d, f)
		body, _, err := content.Stream(ctx, 0)
		if err != nil {
			r.t.Fatal(err)
		}
		b, err := io.ReadAll(body)
		want := wantContents(r.t, &NewDataSet{Files: ds.Files[i : i+1]})[ds.Files[i].Path]
		if err := errors.Join(err, body.Close(), content.Close()); err != nil || string(b) != want {
			r.t.Errorf("%s has %d bytes, %v", f.Path, len(b), err)
		}
	}
	if r.route == JupyterUploader {
		return // it takes files only
	}
	for _, f := range ds.Folders {
		if !slices.ContainsFunc(files, func(l File) bool { return l.Directory && strings.HasSuffix(l.Path, ds.Name+"/"+f) }) {
			r.t.Errorf("the empty folder %s is missing from %v", f, files)
		}
	}
}

func (r *registrar) wantRegistrations(n int) {
	r.t.Helper()
	if got := r.s.Registrations(); len(got) != n {
		r.t.Errorf("%d registrations, want %d: %+v", len(got), n, got)
	}
}

// drafts are what is registered by every route.
func drafts() map[string]*NewDataSet {
	awkward := awkwardDraft()
	awkward.Files = slices.DeleteFunc(awkward.Files, func(f NewFile) bool {
		return strings.HasSuffix(f.Path, " ") || strings.Contains(f.Path, `\`)
	})
	awkward.Name = "dräft & more #1"
	many := &NewDataSet{Name: "many", Directory: true}
	for i := range 2000 {
		many.Files = append(many.Files, newFile(fmt.Sprintf("%02d/%04d.txt", i%50, i), fmt.Appendf(nil, "file %d", i)))
	}
	return map[string]*NewDataSet{
		"file":       {Name: "run 7.csv", Files: []NewFile{newFile("", []byte("a,b\n"))}, Properties: map[string]string{"NOTES": "a <b> & c"}},
		"empty file": {Name: "empty", Files: []NewFile{newFile("", nil)}},
		"large file": {Name: "large.bin", Files: []NewFile{newFile("", noise(5*testSlice+1))}},
		"archive":    {Name: "really.zip", Files: []NewFile{newFile("", []byte("PK no zip"))}},
		"awkward":    awkward,
		"2000 files": many,
	}
}

func TestEveryRouteRegistersWhatItWasGiven(t *testing.T) {
	for _, route := range routes {
		for name, ds := range drafts() {
			t.Run(string(route)+" "+name, func(t *testing.T) {
				r := newRegistrar(t, route, openbistest.Options{})
				r.draft(ds)
				if name == "file" {
					i := slices.IndexFunc(r.s.Lab.DataSets, func(d *openbistest.DataSet) bool { return d.Sample == r.object() || d.Sample != nil })
					ds.Parents = []string{r.s.Lab.DataSets[i].PermID}
				}
				plan := r.plan()
				id, err := r.do(plan, ds)
				if err != nil {
					t.Fatal(err)
				}
				if plan.PermID != "" && id != plan.PermID {
					t.Errorf("the permId is %s, chosen was %s", id, plan.PermID)
				}
				r.wantDataSet(id, ds)
				if err := r.DiscardUpload(t.Context(), plan); err != nil {
					t.Error(err)
				}
				if left := r.s.Workspaces(); len(left) != 0 {
					t.Errorf("the workspace has %v", left)
				}
				if found, ok, err := r.FindRegistration(t.Context(), plan, ds); found != id || !ok || err != nil {
					t.Errorf("found %q, %v, %v", found, ok, err)
				}
				r.wantRegistrations(1)
			})
		}
	}
}

func TestADatasetOfACollectionAndAnEmptyFolder(t *testing.T) {
	for _, route := range []Route{DatasetUploader, UploadedDataSet} {
		t.Run(string(route), func(t *testing.T) {
			r := newRegistrar(t, route, openbistest.Options{})
			ds := &NewDataSet{Collection: r.object().Experiment.PermID, Type: "RAW_DATA", Name: "nothing", Directory: true}
			plan := r.plan()
			id, err := r.do(plan, ds)
			if err != nil {
				t.Fatal(err)
			}
			all, err := r.GetDataSets(t.Context(), id)
			if err != nil || all[id].Object != nil || all[id].Collection != r.object().Experiment.Identifier() {
				t.Errorf("got %+v, %v", all[id], err)
			}
			if found, ok, err := r.FindRegistration(t.Context(), plan, ds); found != id || !ok || err != nil {
				t.Errorf("found %q, %v, %v", found, ok, err)
			}
		})
	}
}

func TestGenerationsOfTheJupyterService(t *testing.T) {
	for _, generation := range []string{"A2", "B", "C"} {
		r := newRegistrar(t, JupyterUploader, openbistest.Options{JupyterGeneration: generation})
		for i := range 2 {
			ds := r.draft(fileDraft(fmt.Sprintf("file %d", i), []byte(generation)))
			id, err := r.do(r.plan(), ds)
			if err != nil {
				t.Fatalf("%s: %v", generation, err)
			}
			r.wantDataSet(id, ds)
		}
		r.wantRegistrations(2)
	}
}

// It makes a container, results and a notebook of everything.
func TestTheFirstGenerationOfTheJupyterServiceIsExplained(t *testing.T) {
	r := newRegistrar(t, JupyterUploader, openbistest.Options{JupyterGeneration: "A"})
	_, err := r.do(r.plan(), r.draft(fileDraft("a.txt", []byte("content"))))
	if !errors.Is(err, ErrRefused) || errors.Is(err, ErrOutcomeUnknown) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"mandatory parameter", "jupyter-uploader-api", "ask the administrator", "dataset-uploader", "--dropbox createUploadedDataSet"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	r.wantRegistrations(0)
}

func TestRefusals(t *testing.T) {
	for _, route := range routes {
		for name, c := range map[string]struct {
			user   string
			change func(*NewDataSet)
			also   error
			says   string
		}{
			"unknown type":     {change: func(ds *NewDataSet) { ds.Type = "NO_SUCH_TYPE" }, says: "NO_SUCH_TYPE"},
			"unknown property": {change: func(ds *NewDataSet) { ds.Properties = map[string]string{"COLOUR": "red"} }, says: "COLOUR"},
			"unknown owner":    {change: func(ds *NewDataSet) { ds.Object = "20000101000000000-1" }, also: ErrNotFound},
			"no right":         {user: "observer", also: ErrForbidden},
		} {
			t.Run(string(route)+" "+name, func(t *testing.T) {
				r := newRegistrar(t, route, openbistest.Options{})
				ds := r.draft(fileDraft("a.txt", []byte("content")))
				if c.user != "" {
					i := slices.IndexFunc(r.s.Lab.Samples, func(s *openbistest.Sample) bool { return s.Experiment != nil && s.SpaceCode() == "MATERIALS" })
					ds.Object = r.s.Lab.Samples[i].PermID
					r.Client = login(t, r.s, c.user)
				}
				if c.change != nil {
					c.change(ds)
				}
				_, err := r.do(r.plan(), ds)
				if !errors.Is(err, ErrRefused) || errors.Is(err, ErrOutcomeUnknown) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("got %v", err)
				}
				if c.also != nil && !errors.Is(err, c.also) {
					t.Errorf("got %v", err)
				}
				r.wantRegistrations(0)
			})
		}
	}
}

func TestEveryFailureOfEveryStepEndsInOneDataset(t *testing.T) {
	faults := map[string]openbistest.Fault{
		"500": {Kind: openbistest.Status, Status: 500}, "503": {Kind: openbistest.Status, Status: 503},
		"reset before": {Kind: openbistest.ResetBefore}, "reset after": {Kind: openbistest.ResetAfter},
		"session": {Kind: openbistest.ExpiredSession}, "login page": {Kind: openbistest.LoginPage},
		"truncated": {Kind: openbistest.Truncate, Bytes: 20},
	}
	for _, route := range routes {
		for _, method := range []string{"session_workspace_file_upload", methodOf(route), openbistest.CommitStep} {
			for name, fault := range faults {
				if method == openbistest.CommitStep && fault.Kind != openbistest.ExpiredSession {
					continue
				}
				t.Run(fmt.Sprint(route, " ", method, " ", name), func(t *testing.T) {
					r := newRegistrar(t, route, openbistest.Options{})
					ds := r.draft(fileDraft("a.bin", noise(3*testSlice)))
					plan := r.plan()
					fault := fault
					fault.Method = method
					if method == "session_workspace_file_upload" {
						fault.First = 2
					}
					active := r.s.Faults.Add(fault)
					id, err := r.persist(plan, ds)
					if err != nil {
						t.Fatal(err)
					}
					if active.Hits() == 0 {
						t.Error("nothing failed")
					}
					r.wantDataSet(id, ds)
					r.wantRegistrations(1)
				})
			}
		}
	}
}

func TestTwoSavesOfTheSameAreTwoDatasets(t *testing.T) {
	for _, route := range routes {
		t.Run(string(route), func(t *testing.T) {
			r := newRegistrar(t, route, openbistest.Options{})
			ids := make(chan string, 4)
			var saves sync.WaitGroup
			r.s.Faults.Add(openbistest.Fault{Kind: openbistest.ResetAfter, Method: methodOf(route), Times: 2})
			for range 4 {
				plan, ds := r.plan(), r.draft(fileDraft("same", []byte("bytes")))
				saves.Go(func() {
					id, err := r.persist(plan, ds)
					if err != nil {
						t.Error(err)
					}
					ids <- id
				})
			}
			saves.Wait()
			close(ids)
			seen := make(map[string]bool)
			for id := range ids {
				seen[id] = true
				r.wantDataSet(id, r.draft(fileDraft("same", []byte("bytes"))))
			}
			if len(seen) != 4 {
				t.Errorf("%d Datasets for four saves", len(seen))
			}
			r.wantRegistrations(4)
		})
	}
}

func TestAnOlderDatasetThatLooksTheSameIsNotOurs(t *testing.T) {
	r := newRegistrar(t, UploadedDataSet, openbistest.Options{})
	ds := r.draft(fileDraft("same", []byte("bytes")))
	if _, err := r.do(r.plan(), ds); err != nil {
		t.Fatal(err)
	}
	other := login(t, r.s, "demo") // as after a restart
	plan, err := other.PlanRegistration(t.Context(), RegistrationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if id, found, err := other.FindRegistration(t.Context(), plan, ds); found || err != nil {
		t.Errorf("found %q, %v", id, err)
	}
}

func TestARegistrationIsFoundWhateverTheClocksSay(t *testing.T) {
	for _, ahead := range []time.Duration{-300 * 24 * time.Hour, 300 * 24 * time.Hour} {
		r := newRegistrar(t, UploadedDataSet, openbistest.Options{Clock: func() time.Time { return time.Now().Add(ahead) }})
		plan, ds := r.plan(), r.draft(fileDraft("a", []byte("bytes")))
		r.s.Faults.Add(openbistest.Fault{Kind: openbistest.ResetAfter, Method: methodOf(r.route)})
		if _, err := r.do(plan, ds); !errors.Is(err, ErrOutcomeUnknown) {
			t.Fatalf("got %v", err)
		}
		if id, found, err := r.FindRegistration(t.Context(), plan, ds); !found || err != nil {
			t.Errorf("%v ahead: found %q, %v", ahead, id, err)
		}
	}
}

func TestWhatTheJupyterServiceMixesIsSaid(t *testing.T) {
	var logged bytes.Buffer
	r := newRegistrar(t, JupyterUploader, openbistest.Options{}, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&logged, nil)) })
	r.s.Faults.Add(openbistest.Fault{Kind: openbistest.Refused, Method: openbistest.CommitStep, Body: "Not today."})
	if _, err := r.do(r.plan(), r.draft(fileDraft("refused", nil))); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "Not today.") {
		t.Fatalf("got %v", err)
	}
	plan, ds := r.plan(), r.draft(fileDraft("mixed", []byte("bytes")))
	id, err := r.do(plan, ds)
	if err != nil {
		t.Fatal(err)
	}
	if text := logged.String(); !strings.Contains(text, id) || !strings.Contains(text, "mixed it with another one") {
		t.Errorf("logged was %s", text)
	}
	if found, ok, err := r.FindRegistration(t.Context(), plan, ds); found != id || !ok || err != nil {
		t.Errorf("found %q, %v, %v", found, ok, err)
	}
}

func TestARegistrationThatIsLateIsFound(t *testing.T) {
	for _, route := range routes {
		t.Run(string(route), func(t *testing.T) {
			r := newRegistrar(t, route, openbistest.Options{}, func(o *Options) { o.RegistrationTimeout = 2 * time.Second })
			plan, ds := r.plan(), r.draft(fileDraft("late", []byte("bytes")))
			if err := r.UploadDataSet(t.Context(), plan, ds, nil); err != nil {
				t.Fatal(err)
			}
			late := r.s.Faults.Add(openbistest.Fault{Kind: openbistest.Late, Method: openbistest.CommitStep})
			_, err := r.RegisterDataSet(t.Context(), plan, ds)
			if !errors.Is(err, ErrOutcomeUnknown) || !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("got %v", err)
			}
			if id, found, err := r.FindRegistration(t.Context(), plan, ds); found || err != nil {
				t.Errorf("found %q, %v", id, err)
			}
			late.Release()
			for {
				id, found, err := r.FindRegistration(t.Context(), plan, ds)
				if err != nil {
					t.Fatal(err)
				}
				if found {
					r.wantDataSet(id, ds)
					break
				}
			}
			r.wantRegistrations(1)
		})
	}
}

func TestRegistrationWithAPersonalAccessToken(t *testing.T) {
	for _, route := range routes {
		t.Run(string(route), func(t *testing.T) {
			r := newRegistrar(t, route, openbistest.Options{})
			now := time.Now()
			pat, err := r.CreatePersonalAccessToken(t.Context(), "mount", now, now.Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			r.Client = newTestClient(t, Options{URL: r.s.URL, Token: pat})
			plan, ds := r.plan(), r.draft(fileDraft("a", []byte("bytes")))
			id, err := r.do(plan, ds)
			if err != nil {
				t.Fatal(err)
			}
			r.wantDataSet(id, ds)
			if err := r.DiscardUpload(t.Context(), plan); err != nil || len(r.s.Workspaces()) != 0 {
				t.Errorf("%v is left, %v", r.s.Workspaces(), err)
			}
			// The workspace outlives the client, and what is in it can be discarded.
			plan = r.plan()
			if err := r.UploadDataSet(t.Context(), plan, ds, nil); err != nil {
				t.Fatal(err)
			}
			r.Client = newTestClient(t, Options{URL: r.s.URL, Token: pat})
			if err := r.Connect(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := r.DiscardUpload(t.Context(), plan); err != nil || len(r.s.Workspaces()) != 0 {
				t.Errorf("%v is left, %v", r.s.Workspaces(), err)
			}
		})
	}
}
