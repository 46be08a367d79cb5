package staging

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/client"
	"github.com/openbisfs/openbisfs/client/openbistest"
)

// The real client against the simulator, over HTTP: every route, and what every route is worst at.
func TestDraftsReachOpenBIS(t *testing.T) {
	methods := map[client.Route]string{
		client.DatasetUploader: "createReportFromAggregationService", client.UploadedDataSet: "createUploadedDataSet",
		client.JupyterUploader: "createReportFromAggregationService",
	}
	for _, route := range routes {
		for name, fault := range map[string]openbistest.Fault{
			"well":                        {},
			"the answer is lost":          {Kind: openbistest.ResetAfter, Method: methods[route]},
			"the request is lost":         {Kind: openbistest.ResetBefore, Method: methods[route]},
			"the session ends":            {Kind: openbistest.ExpiredSession, Method: methods[route]},
			"a slice is lost":             {Kind: openbistest.ResetBefore, Method: "session_workspace_file_upload"},
			"refused":                     {Kind: openbistest.Refused, Method: openbistest.CommitStep, Body: "Property $NAME is mandatory."},
			"the session ends meanwhile":  {Kind: openbistest.ExpiredSession, Method: openbistest.CommitStep},
			"the server fails on arrival": {Kind: openbistest.Status, Status: 500, Method: methods[route]},
		} {
			t.Run(fmt.Sprint(route, ", ", name), func(t *testing.T) {
				server := openbistest.NewServer(t, openbistest.Options{Routes: []string{string(route)}})
				c, err := client.New(client.Options{
					URL: server.URL, User: "demo", Password: func(context.Context) (string, error) { return "demo", nil },
				})
				must(t, err)
				must(t, c.Connect(t.Context()))
				defer func() { _ = c.Close(context.Background()) }()
				i := slices.IndexFunc(server.Lab.Samples, func(s *openbistest.Sample) bool { return s.Experiment != nil && s.Container == nil })
				sample := server.Lab.Samples[i]
				s := openTest(t, t.TempDir(), nil, c, func(o *Options) {
					o.Settle = time.Millisecond
					o.Registration.Dropbox = string(route)
				})
				if fault.Kind != 0 {
					server.Faults.Add(fault)
				}
				d, err := s.Create(Owner{Kind: Object, PermID: sample.PermID, Identifier: sample.Identifier()}, "run 7", true)
				must(t, err)
				must(t, fill(d, testContent))
				for try := 0; ; try++ {
					if err = d.Commit(t.Context()); err == nil || try == 2 {
						break
					}
					if name != "refused" || !strings.Contains(err.Error(), "$NAME") && route != client.UploadedDataSet {
						t.Errorf("Commit: %v", err)
					}
				}
				must(t, err)
				sets := server.Registrations()
				if len(sets) != 1 || sets[0].PermID != d.PermID() || sets[0].Owner != sample.Identifier() || len(sets[0].Files) != len(testContent) {
					t.Fatalf("registered %+v as %s", sets, d.PermID())
				}
				for want := range testContent {
					if !slices.ContainsFunc(sets[0].Files, func(f string) bool { return strings.HasSuffix(f, "/"+want) }) {
						t.Errorf("no %s in %s", want, sets[0].Files)
					}
				}
				d.Release()
				if _, err := os.Stat(d.Root()); err != nil && d.State() != Released {
					t.Error(err) // it waits for checksums, or is verified already
				}
			})
		}
	}
}
