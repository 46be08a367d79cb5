package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/client"
)

// examination is a list of checks with their results; the first failure decides the exit code.
type examination struct {
	out     io.Writer
	failure error
}

func (x *examination) line(verdict, subject, format string, args ...any) {
	_, _ = fmt.Fprintf(x.out, "%-4s  %-13s %s\n", verdict, subject, redact(fmt.Sprintf(format, args...)))
}

func (x *examination) ok(subject, format string, args ...any) { x.line("ok", subject, format, args...) }
func (x *examination) warn(subject, format string, args ...any) {
	x.line("warn", subject, format, args...)
}
func (x *examination) fail(subject string, err error) {
	x.line("fail", subject, "%v", err)
	if x.failure == nil {
		x.failure = alreadySaid(err)
	}
}

func runDoctor(ctx context.Context, inv *invocation, args []string) error {
	f := newFlagSet(inv, "doctor [URL [MNT]] [flags]")
	var call mountCall
	call.connection.register(f.FlagSet)
	call.mountFlags.register(f.FlagSet)
	call.logFlags.register(f.FlagSet)
	f.registerConfig()
	if err := f.parse(args, 0, 2); err != nil {
		return err
	}
	x := &examination{out: inv.out}
	x.machine()
	from, err := merge(f.FlagSet)
	if err != nil {
		x.fail("configuration", err)
		return x.failure
	}
	x.ok("configuration", "%s", describeConfig(f))
	x.mounts()
	if f.NArg() > 1 {
		if err := checkMountPoint(inv, withoutLinks(f.Arg(1))); err != nil {
			x.fail("mount point", err)
		} else {
			x.ok("mount point", "%s can be mounted on", f.Arg(1))
		}
	}
	if f.NArg() == 0 {
		x.warn("server", "not checked: openbisfs doctor https://your.server --user NAME")
		return x.failure
	}
	job, err := call.job(f.Arg(0), f.Arg(1))
	if err != nil {
		x.fail("server", err)
		return x.failure
	}
	if x.server(ctx, job) {
		x.login(ctx, inv, &call, job, from)
	}
	return x.failure
}

// machine checks what a mount needs on this machine.
func (x *examination) machine() {
	b := thisBuild()
	x.ok("openbisfs", "%s, %s, go-fuse %s", b.Version, b.Go, b.FUSE)
	var name unix.Utsname
	if err := unix.Uname(&name); err == nil {
		x.ok("kernel", "%s", unix.ByteSliceToString(name.Release[:]))
	}
	if err := checkDevice(fuseDevice); err != nil {
		x.fail("FUSE device", err)
	} else {
		x.ok("FUSE device", "%s can be opened", fuseDevice)
	}
	root := os.Geteuid() == 0
	path, err := exec.LookPath("fusermount3")
	switch {
	case err == nil:
		x.ok("fusermount3", "%s", path)
	case root:
		x.warn("fusermount3", "missing, but root mounts without it; ordinary users need the package fuse3")
	default:
		x.fail("fusermount3", checkFusermount(root))
	}
	if err := checkAllowOther(fuseConfigFile, root); err != nil {
		x.warn("allow_other", "%v", err)
	} else {
		x.ok("allow_other", "possible")
	}
}

func describeConfig(f *flagSet) string {
	path := configFileName()
	if flag := f.Lookup("config"); flag.Changed {
		path = flag.Value.String()
	}
	if _, err := os.Stat(path); err != nil {
		return "no configuration file, none is needed"
	}
	return path
}

// mounts tells which mounts there are, and which of them are dead.
func (x *examination) mounts() {
	mounts, err := mountinfo.GetMounts(mountinfo.FSTypeFilter(fsType))
	if err != nil {
		x.fail("mounts", err)
		return
	}
	for _, m := range mounts {
		daemon := findProcess(m.Major, m.Minor)
		if daemon == nil {
			x.warn("mounts", "%s on %s: its process is gone, or in another container: openbisfs umount %s", m.Source, m.Mountpoint, m.Mountpoint)
			continue
		}
		_ = daemon.fd.Close()
		x.ok("mounts", "%s on %s, process %d", m.Source, m.Mountpoint, daemon.pid)
	}
}

// server checks the way to the server and its certificate, without credentials.
func (x *examination) server(ctx context.Context, job *mountJob) bool {
	u, err := url.Parse(job.Target.URL)
	if err != nil {
		x.fail("server", err)
		return false
	}
	limited, cancel := context.WithTimeout(ctx, job.MetadataTimeout)
	defer cancel()
	conn, err := dial(limited, u)
	if err != nil {
		x.fail("server", explainConnect(err, job))
		return false
	}
	defer conn.Close()
	x.ok("server", "%s answers, at %s", job.Target.URL, conn.RemoteAddr())
	if u.Scheme != "https" {
		if !loopback(u.Hostname()) {
			x.warn("certificate", "%s is not encrypted: anyone on the way can read your password and your data", job.Target.URL)
		}
		return true
	}
	config, err := tlsConfig(job.CACert, job.Insecure)
	if err != nil {
		x.fail("certificate", err)
		return false
	}
	config.ServerName = u.Hostname()
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(limited); err != nil {
		x.fail("certificate", explainConnect(fmt.Errorf("TLS: %w", err), job))
		return false
	}
	x.certificate(secure.ConnectionState(), job.Insecure)
	return true
}

// expiresSoon is when a certificate deserves a warning.
const expiresSoon = 14 * 24 * time.Hour

func (x *examination) certificate(state tls.ConnectionState, insecure bool) {
	end := state.PeerCertificates[0].NotAfter
	switch {
	case insecure:
		x.warn("certificate", "not verified (--insecure)")
	case time.Until(end) < expiresSoon:
		x.warn("certificate", "valid, but only until %s: tell the server's administrator", end.Format(time.DateOnly))
	default:
		x.ok("certificate", "valid until %s", end.Format(time.DateOnly))
	}
}

func dial(ctx context.Context, u *url.URL) (net.Conn, error) {
	port := u.Port()
	if port == "" {
		port = u.Scheme // "https" is the name of its port, too
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
}

// login checks the credentials, and the data stores that only a session knows.
func (x *examination) login(ctx context.Context, inv *invocation, call *mountCall, job *mountJob, from origins) {
	credentials, err := call.credentials(ctx, inv, from)
	if err != nil {
		if codeOf(err) == exitUsage {
			x.warn("credentials", "not checked: %v", err)
		} else {
			x.fail("credentials", err)
		}
		return
	}
	job.Credentials = credentials
	options, err := job.clientOptions(slog.New(slog.DiscardHandler))
	if err != nil {
		x.fail("credentials", err)
		return
	}
	c, err := client.New(options)
	if err != nil {
		x.fail("credentials", err)
		return
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), logoutLimit)
		defer cancel()
		_ = c.Close(closing)
	}()
	if err := c.Connect(ctx); err != nil {
		x.fail("credentials", explainConnect(err, job))
		return
	}
	instance, err := c.Instance(ctx)
	if err != nil {
		x.fail("credentials", explainConnect(err, job))
		return
	}
	user := "the token's owner"
	if instance.User != nil {
		user = instance.User.UserID
	}
	x.ok("credentials", "logged in as %s", user)
	x.ok("openBIS", "%s, API %s", strings.TrimSpace("version "+instance.Server["openbis-version"]), instance.APIVersion)
	for _, store := range instance.DataStores {
		x.dataStore(ctx, job, store)
	}
}

// dataStore checks the way to where the files are.
func (x *examination) dataStore(ctx context.Context, job *mountJob, store client.DataStore) {
	address := store.DownloadURL
	u, err := url.Parse(address)
	if err != nil {
		x.fail("data store", err)
		return
	}
	limited, cancel := context.WithTimeout(ctx, job.MetadataTimeout)
	defer cancel()
	conn, err := dial(limited, u)
	if err != nil {
		x.fail("data store", failf(exitUnreachable, "%s at %s: %w: its files can't be read; --data-store-url %s=URL may help", store.Code, address, err, store.Code))
		return
	}
	_ = conn.Close()
	x.ok("data store", "%s at %s answers", store.Code, address)
}
