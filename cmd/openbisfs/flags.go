package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"
)

const (
	defaultMetadataTimeout = 10 * time.Second
	defaultBlockTimeout    = 30 * time.Second
)

// connection is what a command needs to know to speak to a server.
type connection struct {
	user            string
	passwordFile    string
	passwordCommand string
	tokenFile       string
	caCert          string
	insecure        bool
	metadataTimeout time.Duration
	blockTimeout    time.Duration
	dataStoreURLs   []string
}

func (c *connection) register(f *pflag.FlagSet) {
	f.StringVarP(&c.user, "user", "u", "", "log in as `NAME`; the password is asked for unless one of the next two is given")
	f.StringVar(&c.passwordFile, "password-file", "", "read the password from `FILE`, which only you may read (chmod 600)")
	f.StringVar(&c.passwordCommand, "password-command", "", "run `COMMAND` with /bin/sh; its output is the password")
	f.StringVar(&c.tokenFile, "token-file", "", "read a personal access token or session token from `FILE` (chmod 600); or set "+tokenVariable)
	f.StringVar(&c.caCert, "ca-cert", "", "trust also the certificates in `FILE` (PEM)")
	f.BoolVar(&c.insecure, "insecure", false, "do not verify the server's certificate: anyone on the way can read your password and your data")
	f.Var(newSeconds(&c.metadataTimeout, defaultMetadataTimeout), "metadata-timeout", "deadline of a request for listings and metadata")
	f.Var(newSeconds(&c.blockTimeout, defaultBlockTimeout), "block-timeout", "deadline of a block of file content")
	f.StringArrayVar(&c.dataStoreURLs, "data-store-url", nil, "download from this `[CODE=]URL` instead of what the server says; repeatable")
}

// mountFlags is what `mount` knows beside the connection.
type mountFlags struct {
	uid, gid    account
	umask       fileMode
	allowOther  bool
	dirTTL      time.Duration
	cacheMemory byteSize
	cacheFlags
	metaMemory byteSize
	readFlags
	writeFlags
}

func (m *mountFlags) register(f *pflag.FlagSet) {
	m.uid, m.gid = account{group: false, id: ownID}, account{group: true, id: ownID}
	m.umask = 0o022
	m.cacheMemory, m.metaMemory = 256<<20, 256<<20
	f.Var(&m.uid, "uid", "owner of all files, a name or a number (default: you)")
	f.Var(&m.gid, "gid", "group of all files, a name or a number (default: yours)")
	f.Var(&m.umask, "umask", "permissions to take away, octal")
	f.BoolVar(&m.allowOther, "allow-other", false, "let other users of this machine in, with your rights on the server")
	f.Var(newSeconds(&m.dirTTL, time.Minute), "dir-ttl", "how long a listing is used before the server is asked again")
	f.Var(&m.cacheMemory, "cache-memory", "memory for file content, such as 256MiB")
	m.cacheFlags.register(f)
	f.Var(&m.metaMemory, "meta-memory", "memory for listings and metadata, such as 256MiB")
	m.readFlags.register(f)
	m.writeFlags.register(f)
}

// logFlags says what is logged, how and where.
type logFlags struct {
	level  logLevel
	format string
	file   string
}

func (l *logFlags) register(f *pflag.FlagSet) {
	f.Var(&l.level, "log-level", "debug, info, warn or error")
	f.StringVar(&l.format, "log-format", "text", "`text` or json")
	f.StringVar(&l.file, "log-file", "", "append the log to `FILE` (default: the terminal in the foreground, else a file below the state directory)")
}

// flagSet is the flags of a command, which knows how it is called.
type flagSet struct {
	*pflag.FlagSet
	synopsis string
}

// newFlagSet returns an empty set that reports errors instead of ending the process.
func newFlagSet(inv *invocation, synopsis string) *flagSet {
	f := &flagSet{pflag.NewFlagSet(inv.name, pflag.ContinueOnError), synopsis}
	f.SortFlags = false
	f.SetOutput(inv.out)
	f.Usage = func() {
		_, _ = fmt.Fprintf(inv.out, "Usage: openbisfs %s\n\nFlags:\n%s", synopsis, f.FlagUsagesWrapped(100))
		if f.Lookup("config") != nil {
			_, _ = fmt.Fprintf(inv.out, "\nEach flag has an environment variable (--dir-ttl: OPENBISFS_DIR_TTL) and a key in %s (dir-ttl = \"30s\").\n", configFileName())
		}
	}
	return f
}

// registerConfig adds the flag of the configuration file, for commands that have one.
func (f *flagSet) registerConfig() {
	f.String("config", "", "read settings from `FILE` instead of "+configFileName())
}

// parse parses args and checks how many of them are no flags.
func (f *flagSet) parse(args []string, least, most int) error {
	if err := f.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return err
		}
		return failf(exitUsage, "%w", err)
	}
	if n := f.NArg(); n < least || n > most {
		return failf(exitUsage, "wrong number of arguments: openbisfs %s", f.synopsis)
	}
	return nil
}

// configurable returns all flags that the environment and the configuration file can set.
func configurable() *pflag.FlagSet {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(connection).register(f)
	new(mountFlags).register(f)
	new(logFlags).register(f)
	return f
}
