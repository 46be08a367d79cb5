package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/client"
	"github.com/openbisfs/openbisfs/client/openbistest"
)

// refuser is a server that takes nothing.
type refuser struct{ staging.Registrar }

func (refuser) PlanRegistration(context.Context, client.RegistrationOptions) (client.Plan, error) {
	return client.Plan{}, fmt.Errorf("%w: no data store for Mondays", client.ErrRefused)
}

// stage open|sealed|held|failed NAME: what a mount of jdoe would have left in the staging directory for an Object, a file
// of the name with "staged\n" in it. NAME/ is a directory with two files. The ID is in $ID.
func cmdStage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: stage state name")
	}
	server := ts.Value(serverKey{}).(*openbistest.Server)
	dir := filepath.Join(ts.Getenv("HOME"), ".local", "state", "openbisfs", "staging")
	opts := staging.Options{Server: "jdoe@" + server.URL, Workers: -1}
	if args[0] == "failed" {
		opts.Workers, opts.Registrar = 1, refuser{}
	}
	store, err := staging.Open(dir, opts)
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	defer func() { ts.Check(store.Close(ctx)) }()

	name, directory := strings.CutSuffix(args[1], "/")
	d, err := store.Create(objectOf(ts, server, "DISH-01"), name, directory)
	ts.Check(err)
	ts.Setenv("ID", d.ID())
	if directory {
		ts.Check(os.WriteFile(filepath.Join(d.Root(), "one.txt"), []byte("one\n"), 0o600))
		ts.Check(os.Mkdir(filepath.Join(d.Root(), "sub"), 0o700))
		ts.Check(os.WriteFile(filepath.Join(d.Root(), "sub", "two.txt"), []byte("two\n"), 0o600))
	} else {
		ts.Check(os.WriteFile(d.Root(), []byte("staged\n"), 0o600))
	}
	switch args[0] {
	case "open":
	case "sealed":
		ts.Check(d.Seal(ctx))
	case "held":
		ts.Check(d.Hold(ctx, "the program that wrote it was killed"))
	case "failed":
		if err := d.Commit(ctx); err == nil {
			ts.Fatalf("the draft has not failed")
		}
	default:
		ts.Fatalf("stage: unknown state %q", args[0])
	}
}

// objectOf returns an Object of the simulator as the owner of Datasets.
func objectOf(ts *testscript.TestScript, server *openbistest.Server, code string) staging.Owner {
	for _, s := range server.Lab.Samples {
		if s.Code == code {
			return staging.Owner{Kind: staging.Object, PermID: s.PermID, Identifier: s.Identifier()}
		}
	}
	ts.Fatalf("there is no Object %s", code)
	return staging.Owner{}
}
