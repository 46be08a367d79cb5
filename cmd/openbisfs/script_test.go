package main

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/moby/sys/mountinfo"
	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/client/openbistest"
	"github.com/openbisfs/openbisfs/fs"
)

// leakChecked runs the tests and fails when they leave goroutines behind.
type leakChecked struct{ *testing.M }

func (m leakChecked) Run() int {
	code := m.M.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){"openbisfs": main, "mount.openbisfs": main, "mount.fuse.openbisfs": main})
}

// The scripts in testdata/script run the program as a user does, against a simulator of their own:
//
//	$URL, $TLSURL     two simulators, the second with a certificate that only ca.pem knows
//	jdoe              a user who sees everything; the files password and token have the secrets
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), Setup: setUpScript, RequireExplicitExec: true, RequireUniqueNames: true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": cmdExits, "mounted": cmdMounted, "daemon": cmdDaemon, "server": cmdServer, "await": cmdAwait, "stage": cmdStage,
		},
	})
}

// scriptPassword is long enough to be looked for.
const scriptPassword = "Gurkensalat#7, bitte"

type serverKey struct{}

func setUpScript(env *testscript.Env) error {
	lab := openbistest.SmallLab()
	lab.AddPerson(&openbistest.Person{UserID: "jdoe", FirstName: "Jane", LastName: "Doe", Password: scriptPassword})
	server, err := openbistest.Start(openbistest.Options{Lab: lab})
	if err != nil {
		return err
	}
	secure, err := openbistest.Start(openbistest.Options{TLS: true})
	if err != nil {
		return err
	}
	env.Defer(func() {
		unmountBelow(env.WorkDir)
		secure.Close()
		server.Close()
	})
	env.Values[serverKey{}] = server
	for _, dir := range []string{"home", "tmp", "mnt"} {
		if err := os.MkdirAll(filepath.Join(env.WorkDir, dir), 0o755); err != nil {
			return err
		}
	}
	for name, content := range map[string]string{
		"password": scriptPassword + "\n", "wrong-password": "Kartoffelsalat\n", "demo-password": "demo\n",
		"observer-password": "observer\n", "token": server.Login("jdoe") + "\n", "wrong-token": strings.Replace(server.Login("jdoe"), "jdoe", "doej", 1) + "\n",
	} {
		if err := os.WriteFile(filepath.Join(env.WorkDir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	env.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector's default is a second for each process
	env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
	env.Setenv("TMPDIR", filepath.Join(env.WorkDir, "tmp"))
	env.Setenv("URL", server.URL)
	env.Setenv("TLSURL", secure.URL)
	env.Setenv("HTTPS_ON_HTTP", strings.Replace(server.URL, "http:", "https:", 1))
	return writeCertificate(secure, filepath.Join(env.WorkDir, "ca.pem"))
}

// writeCertificate writes the certificate of a simulator, in PEM form.
func writeCertificate(s *openbistest.Server, path string) error {
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: s.CertPool(), MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(context.Background(), "tcp", strings.TrimPrefix(s.URL, "https://"))
	if err != nil {
		return err
	}
	defer conn.Close()
	certificate := conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}), 0o600)
}

func unmountBelow(dir string) {
	mounts, _ := mountinfo.GetMounts(mountinfo.PrefixFilter(dir))
	for _, m := range mounts {
		_ = fs.Unmount(m.Mountpoint, true)
	}
}

// eventually polls until done; a script's time-out ends it otherwise.
func eventually(ts *testscript.TestScript, what string, done func() bool) {
	const limit, step = 20 * time.Second, 20 * time.Millisecond
	end := time.After(limit)
	tick := time.NewTicker(step)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-end:
			ts.Fatalf("waited %v in vain: %s", limit, what)
		}
	}
}

// exits CODE COMMAND [ARG…]: the command ends with that exit code.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if err != nil || neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command [arg…]")
	}
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		got = ended.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%s ends with exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// [!] mounted DIR: the mount table has a mount of ours there.
func cmdMounted(ts *testscript.TestScript, neg bool, args []string) {
	mount, err := findMount(ts.MkAbs(args[0]))
	ts.Check(err)
	if (mount != nil) == neg {
		ts.Fatalf("mount on %s: %+v", args[0], mount)
	}
}

// daemon kill DIR: kill -9 the process behind the mount.
// daemon signal DIR: send it a SIGTERM.
// daemon inspect DIR: copy its /proc/PID/cmdline and environ to files of these names.
func cmdDaemon(ts *testscript.TestScript, neg bool, args []string) {
	mount, err := findMount(ts.MkAbs(args[1]))
	ts.Check(err)
	if mount == nil || neg {
		ts.Fatalf("nothing is mounted on %s", args[1])
	}
	p := findProcess(mount.Major, mount.Minor)
	if p == nil {
		ts.Fatalf("no process is behind the mount on %s", args[1])
	}
	switch args[0] {
	case "kill":
		ts.Check(unix.PidfdSendSignal(int(p.fd.Fd()), unix.SIGKILL, nil, 0))
		ts.Check(p.wait(context.Background(), time.Minute))
		return
	case "signal":
		ts.Check(unix.PidfdSendSignal(int(p.fd.Fd()), unix.SIGTERM, nil, 0))
	case "inspect":
		for _, name := range []string{"cmdline", "environ"} {
			content, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.pid, name))
			ts.Check(err)
			ts.Check(os.WriteFile(ts.MkAbs(name), []byte(strings.ReplaceAll(string(content), "\x00", "\n")), 0o600))
		}
	}
	ts.Check(p.fd.Close())
}

// server token: put a session token of jdoe into the environment.
// server expire: all sessions end.
// server stop: it is gone.
// server refuse TEXT: it registers nothing, and says why; server allow: it does again.
// server promote USER: the user may write.
// server stall: it does not answer to registrations.
func cmdServer(ts *testscript.TestScript, _ bool, args []string) {
	server := ts.Value(serverKey{}).(*openbistest.Server)
	switch args[0] {
	case "token":
		ts.Setenv(tokenVariable, server.Login("jdoe"))
	case "expire":
		server.ExpireSessions()
	case "refuse":
		server.Faults.Add(openbistest.Fault{Kind: openbistest.Refused, Method: openbistest.CommitStep, Times: -1, Body: args[1]})
	case "promote":
		server.Change(func(lab *openbistest.Lab) {
			for _, p := range lab.Persons {
				p.ReadOnly = p.ReadOnly && p.UserID != args[1]
			}
		})
	case "stall":
		server.Faults.Add(openbistest.Fault{Kind: openbistest.Stall, Method: openbistest.CommitStep, Times: -1})
	case "allow":
		server.Faults.Clear()
	case "stop":
		server.Close()
	default:
		ts.Fatalf("server: unknown argument %q", args[0])
	}
}

// await mount|unmount DIR: until the mount is there, or gone.
// await text FILE TEXT: until the file has the text.
// await held DIR: until a process uses something there.
func cmdAwait(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[1])
	eventually(ts, strings.Join(args, " "), func() bool {
		switch args[0] {
		case "mount", "unmount":
			mount, err := findMount(path)
			ts.Check(err)
			return (mount != nil) == (args[0] == "mount")
		case "held":
			return len(holders(path)) > 0
		default:
			content, _ := os.ReadFile(path)
			return strings.Contains(string(content), args[2])
		}
	})
}
