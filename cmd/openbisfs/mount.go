package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// mountJob is everything that a mount needs, with all questions answered. The daemon gets it through a pipe.
type mountJob struct {
	Target      target
	MountPoint  string // absolute
	Credentials credentials

	CACert          string
	Insecure        bool
	MetadataTimeout time.Duration
	BlockTimeout    time.Duration
	DataStoreURLs   map[string]string

	UID, GID     uint32
	Umask        os.FileMode
	AllowOther   bool
	DirTTL       time.Duration
	CacheMemory  byteSize
	Cache        *cacheJob // nil: in memory only
	MetaMemory   byteSize
	Passthrough  bool
	Crawlers     []string
	CrawlerLimit byteSize
	FsName       string
	Write        *writeJob // nil: read-only

	LogLevel  slog.Level
	LogFormat string
	LogFile   string // "": the standard error
}

// mountCall is the command line of `mount`.
type mountCall struct {
	connection
	mountFlags
	logFlags
	foreground bool
	options    []string

	// As mount(8) calls its helpers.
	sloppy, fake bool
	fsName       string
}

func (m *mountCall) register(inv *invocation, f *flagSet) {
	m.connection.register(f.FlagSet)
	m.mountFlags.register(f.FlagSet)
	m.logFlags.register(f.FlagSet)
	f.StringArrayVarP(&m.options, "options", "o", nil, "`OPT,…` as in fstab: every flag without its dashes, and what mount(8) passes")
	f.StringVar(&m.fsName, "fsname", "", "the device that df shows (default: the URL)")
	f.registerConfig()
	if inv.helper {
		f.BoolVar(&m.foreground, "foreground", false, "stay in the foreground and log to the terminal")
		f.BoolVarP(&m.sloppy, "sloppy", "s", false, "ignore unknown mount options")
		f.BoolVarP(&m.fake, "fake", "f", false, "check everything, but don't mount")
		f.BoolP("verbose", "v", false, "say what happens")
		f.BoolP("no-mtab", "n", false, "no effect")
		f.StringP("namespace", "N", "", "no effect")
		f.StringP("types", "t", "", "no effect")
	} else {
		f.BoolVarP(&m.foreground, "foreground", "f", false, "stay in the foreground and log to the terminal")
	}
}

func runMount(ctx context.Context, inv *invocation, args []string) error {
	f := newFlagSet(inv, "mount URL MNT [flags]")
	var call mountCall
	call.register(inv, f)
	if err := f.parse(args, 2, 2); err != nil {
		return err
	}
	ignored, err := applyOptions(f.FlagSet, call.options, call.sloppy, inv.byMount)
	if err != nil {
		return err
	}
	for _, option := range ignored {
		inv.warn("the mount option %s has no effect", option)
	}
	from, err := merge(f.FlagSet)
	if err != nil {
		return err
	}
	job, err := call.job(f.Arg(0), f.Arg(1))
	if err != nil {
		return err
	}
	if err := preflight(inv, job); err != nil {
		return err
	}
	if job.Credentials, err = call.credentials(ctx, inv, from); err != nil {
		return err
	}
	switch {
	case call.fake:
		return nil
	case call.foreground:
		return runForeground(ctx, inv, job)
	default:
		return daemonize(ctx, inv, job)
	}
}

// job checks what can be checked without looking around and makes all paths absolute.
func (m *mountCall) job(source, mountPoint string) (*mountJob, error) {
	target, err := parseTarget(source)
	if err != nil {
		return nil, err
	}
	if m.format != "text" && m.format != "json" {
		return nil, failf(exitUsage, "--log-format %s: want text or json", m.format)
	}
	const leastMemory = 8 << 20
	if m.cacheMemory < leastMemory {
		return nil, failf(exitUsage, "--cache-memory %s: want 8MiB or more", m.cacheMemory.String())
	}
	if m.metaMemory < leastMemory {
		return nil, failf(exitUsage, "--meta-memory %s: want 8MiB or more", m.metaMemory.String())
	}
	stores, err := m.dataStores()
	if err != nil {
		return nil, err
	}
	job := &mountJob{
		Target: target, CACert: m.caCert, Insecure: m.insecure,
		MetadataTimeout: m.metadataTimeout, BlockTimeout: m.blockTimeout, DataStoreURLs: stores,
		UID: m.uid.or(os.Getuid()), GID: m.gid.or(os.Getgid()), Umask: os.FileMode(m.umask),
		AllowOther: m.allowOther, DirTTL: m.dirTTL, CacheMemory: m.cacheMemory, MetaMemory: m.metaMemory, Passthrough: m.passthrough == auto, FsName: m.fsName,
		LogLevel: m.level.Level, LogFormat: m.format,
	}
	if job.FsName == "" {
		job.FsName = target.String()
	}
	for _, p := range []struct {
		given string
		field *string
	}{
		{mountPoint, &job.MountPoint}, {m.caCert, &job.CACert}, {m.file, &job.LogFile},
		{m.passwordFile, &m.passwordFile}, {m.tokenFile, &m.tokenFile},
	} {
		if p.given == "" {
			continue
		}
		if *p.field, err = filepath.Abs(p.given); err != nil {
			return nil, fmt.Errorf("%s: %w", p.given, err)
		}
	}
	if job.MountPoint != "" && within(job.LogFile, job.MountPoint) {
		return nil, failf(exitUsage, "the log file can't be inside the mount")
	}
	job.CrawlerLimit = m.crawlerLimit
	if job.Crawlers, err = m.crawlerNames(); err != nil {
		return nil, err
	}
	if job.Cache, err = m.cacheFlags.job(job.MountPoint); err != nil {
		return nil, err
	}
	if job.Write, err = m.writeFlags.job(job.MountPoint); err != nil {
		return nil, err
	}
	_, err = tlsConfig(job.CACert, job.Insecure)
	return job, err
}

// dataStores reads --data-store-url.
func (c *connection) dataStores() (map[string]string, error) {
	stores := map[string]string{}
	for _, given := range c.dataStoreURLs {
		code, url, found := strings.Cut(given, "=")
		if !found || strings.Contains(code, "://") {
			code, url = "", given
		}
		if !strings.Contains(url, "://") {
			return nil, failf(exitUsage, "--data-store-url %s: want URL or CODE=URL", given)
		}
		stores[code] = url
	}
	return stores, nil
}

// within tells whether the path is dir or below it.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// clientOptions returns how to reach the job's server.
func (j *mountJob) clientOptions(log *slog.Logger) (client.Options, error) {
	verify, err := tlsConfig(j.CACert, j.Insecure)
	if err != nil {
		return client.Options{}, err
	}
	o := client.Options{
		URL: j.Target.URL, TLS: verify, DataStoreURLs: j.DataStoreURLs,
		MetadataTimeout: j.MetadataTimeout, BlockTimeout: j.BlockTimeout,
		Logger: log, UserAgent: "openbisfs/" + thisBuild().Version,
	}
	j.Credentials.fill(&o, os.Stderr)
	return o, nil
}

// warn tells the user something that doesn't keep the command from going on.
func (inv *invocation) warn(format string, args ...any) {
	_, _ = fmt.Fprintf(inv.err, "%s: warning: %s\n", inv.name, fmt.Sprintf(format, args...))
}
