package main

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"log/slog"
	"os"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

// demoCall is the command line of `demo`.
type demoCall struct {
	mountFlags
	logFlags
	serve  bool
	listen string
	lab    string
	api    string

	certificate string
}

func runDemo(ctx context.Context, inv *invocation, args []string) error {
	f := newFlagSet(inv, "demo [MNT] [flags]")
	var call demoCall
	f.BoolVar(&call.serve, "serve", false, "only serve, for pyBIS, a browser or a mount of your own; mount nothing")
	f.StringVar(&call.listen, "listen", "127.0.0.1:0", "`ADDRESS` to serve at; port 0 is any free one")
	f.StringVar(&call.lab, "lab", "small", "what is in it: small, wide:N, deep:S,P,C,O, huge:C,O and files:DIR, separated by commas")
	f.StringVar(&call.certificate, "tls-cert", "", "serve HTTPS, and write the certificate to `FILE`, for --ca-cert")
	f.StringVar(&call.api, "api-version", "3.6", "what the server says of itself; pyBIS downloads in another way up to 3.5")
	call.mountFlags.register(f.FlagSet)
	call.writable, f.Lookup("rw").DefValue = true, "true"
	call.level.Level = slog.LevelWarn
	call.logFlags.register(f.FlagSet)
	f.registerConfig()
	if err := f.parse(args, 0, 1); err != nil {
		return err
	}
	if call.serve && f.NArg() > 0 {
		return failf(exitUsage, "--serve mounts nothing: leave %s out", f.Arg(0))
	}
	if call.certificate != "" && !call.serve {
		return failf(exitUsage, "--tls-cert goes with --serve")
	}
	from, err := merge(f.FlagSet)
	if err != nil {
		return err
	}
	// What is configured for a real server is not for this one.
	for _, name := range []string{"dataset-type", "dropbox", "data-store", "staging-dir"} {
		if flag := f.Lookup(name); from[name] != fromFlag {
			_ = flag.Value.Set(flag.DefValue)
		}
	}
	// The address of this server is another one next time: what is cached would never be used again.
	if from["cache-dir"] != fromFlag && from["cache-size"] != fromFlag {
		call.cacheSize = 0
	}
	lab, err := openbistest.ParseLab(call.lab)
	if err != nil {
		return failf(exitUsage, "--lab: %w", err)
	}
	server, err := openbistest.Start(openbistest.Options{Lab: lab, Listen: call.listen, APIVersion: call.api, TLS: call.certificate != ""})
	if err != nil {
		return err
	}
	defer server.Close()
	if call.certificate != "" {
		if err := os.WriteFile(call.certificate, server.CertPEM(), 0o644); err != nil {
			return failf(exitNotFound, "the certificate can't be written: %w", err)
		}
	}
	if call.serve {
		_, _ = fmt.Fprintf(inv.out, "%s%s\nCtrl-C ends it.\n", demoServer(server), demoUsers)
		<-ctx.Done()
		return nil
	}
	return call.mount(ctx, inv, server, f.Arg(0))
}

// mount mounts the simulator until the user has enough.
func (call *demoCall) mount(ctx context.Context, inv *invocation, server *openbistest.Server, dir string) (err error) {
	made := dir
	if dir == "" {
		dir, err = os.MkdirTemp("", "openbisfs-demo-")
		made = dir
	} else if err = os.Mkdir(dir, 0o755); errors.Is(err, iofs.ErrExist) {
		made, err = "", nil
	}
	if err != nil {
		return failf(exitNotFound, "the mount point can't be made: %w", err)
	}
	if made != "" {
		defer func() { _ = os.Remove(made) }() // never what is in it
	}
	m := mountCall{mountFlags: call.mountFlags, logFlags: call.logFlags}
	m.metadataTimeout, m.blockTimeout = defaultMetadataTimeout, defaultBlockTimeout
	job, err := m.job(server.URL, dir)
	if err != nil {
		return err
	}
	job.Credentials = credentials{User: "demo", Password: "demo"}
	if job.Write != nil && call.dir == "" {
		if job.Write.StagingDir, err = os.MkdirTemp("", "openbisfs-demo-staging-"); err != nil {
			return failf(exitNotFound, "the staging directory can't be made: %w", err)
		}
		defer func() { err = errors.Join(err, removeStaging(context.WithoutCancel(ctx), inv, job.Write.StagingDir)) }()
	}
	if err := preflight(inv, job); err != nil {
		return err
	}
	return serveForeground(ctx, inv, job, func() error {
		_, err := fmt.Fprintf(inv.out, "%s%s\n%s", demoServer(server), demoUsers, demoInvitation(job.MountPoint, job.Write != nil))
		return err
	})
}

// removeStaging removes the demo's staging directory, but for what the demo did not register.
func removeStaging(ctx context.Context, inv *invocation, dir string) error {
	uploads, err := stagedIn(ctx, dir)
	if err != nil {
		return err
	}
	if left := count(uploads); left.code() != exitOK {
		inv.warn("%s not registered; what was saved is below %s", left, dir)
		return nil
	}
	return os.RemoveAll(dir)
}

func demoServer(server *openbistest.Server) string {
	return fmt.Sprintf("openBIS with a small lab in it: %s\n", server.URL)
}

const demoUsers = `  user demo, password demo: sees everything
  user observer, password observer: sees one Space
`

// demoInvitation names things to try.
func demoInvitation(dir string, writable bool) string {
	save := ""
	if writable {
		save = fmt.Sprintf("  echo grown >%[1]s/MICROSCOPY/MITOSIS/LIVE_IMAGING/DISH-01/note.txt && ls %[1]s/MICROSCOPY/MITOSIS/LIVE_IMAGING/DISH-01    # a new Dataset\n", dir)
	}
	return fmt.Sprintf(`It is mounted on %[1]s

Try, in another terminal:

  ls -R %[1]s/MATERIALS
  head -n 5 %[1]s/MICROSCOPY/MITOSIS/LIVE_IMAGING/DISH-01/*/original/DEFAULT/tracks.csv
  tail -c 1M %[1]s/MICROSCOPY/MITOSIS/LIVE_IMAGING/*/original/DEFAULT/big.raw | sha256sum    # of 8 GiB
%[2]s
Every directory of an entity has its metadata in .meta.json. Ctrl-C here ends the demo and cleans up.
`, dir, save)
}
