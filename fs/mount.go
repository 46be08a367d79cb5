package fs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/cache"
	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/meta"
)

// fileSystemName is what df and /proc/mounts show as the type: "fuse.openbisfs".
const fileSystemName = "openbisfs"

const (
	// maxRequest is the largest READ in bytes; the kernel's default is 128 KiB.
	maxRequest = 1 << 20
	// maxBackground bounds the asynchronous reads of all files together. The
	// kernel's default of 12 would let one slow file hold up the others.
	maxBackground = 64
)

// Tree is what the file system needs of a [meta.Tree].
type Tree interface {
	Root(ctx context.Context) (*meta.Entry, error)
	Open(ctx context.Context, dir *meta.Entry) (*meta.Reader, error)
	List(ctx context.Context, dir *meta.Entry) (*meta.Listing, error)
	Lookup(ctx context.Context, dir *meta.Entry, name string) (*meta.Entry, error)
	Document(ctx context.Context, e *meta.Entry) ([]byte, error)
	Locate(ctx context.Context, id string) ([]meta.Location, error)
	Types(ctx context.Context, kind string) ([]meta.Text, error)
	Vocabularies(ctx context.Context) ([]meta.Text, error)
}

var _ Tree = (*meta.Tree)(nil)

// Config says what to mount and how it looks.
type Config struct {
	Tree  Tree
	Cache *cache.Store
	// Remote returns the content of a file's entry on its server. It must
	// not ask the server.
	Remote func(*meta.Entry) cache.Remote
	// Server identifies the server in the keys of cached content: its URL.
	Server string

	UID, GID uint32      // of everything
	Umask    os.FileMode // permission bits to take away from 0555 and 0444
	// AllowOther lets other users in, with the rights of this session.
	AllowOther bool

	// DirTTL is how long the kernel believes in names and attributes of what
	// can change. Default one minute.
	DirTTL time.Duration
	// MetadataTimeout is the time limit of a call of the tree's source. A
	// request that needs several, such as a listing of many pages, waits six
	// times as long at most. Default 10 s.
	MetadataTimeout time.Duration
	// BlockTimeout is the time limit for a block of content. A read waits
	// twice as long at most, because its block may have to queue behind
	// another. Default 30 s.
	BlockTimeout time.Duration

	FsName string // the device in df and /proc/mounts. Default "openbisfs"
	Logger *slog.Logger
	// OnPanic is told about a panic in a request, after it was logged. The
	// request fails with EIO either way.
	OnPanic func(value any, stack []byte)

	// Status returns what .openbis/status.json says, as JSON; nil: there is no such file. It must not ask the server.
	Status func() any

	// Staging takes what is written. Without it the file system is read-only.
	Staging *staging.Store
	// StagingDir is where Staging is, for the free space that df shows.
	StagingDir string
	// CommitAfter is how long a directory draft has to be quiet until it is
	// registered; 0 or less means that it is only on request.
	CommitAfter time.Duration
	// CloseTimeout is how long closing a file waits for its registration.
	// Default one minute.
	CloseTimeout time.Duration
	// RenameTimeout is how long giving a written file its final name waits for
	// its registration. Nobody can use the directory meanwhile. Default two seconds.
	RenameTimeout time.Duration
	// CloseInBackground lets closing and renaming a file wait for its local copy only.
	CloseInBackground bool

	// DisablePassthrough keeps the kernel from reading complete files of the disk
	// cache itself.
	DisablePassthrough bool

	// Crawlers are the names of programs that get what is cached, and the first
	// block of other files. Default [Crawlers]; an empty list that is not nil is nobody.
	Crawlers []string
	// CrawlerLimit is what each of them may have fetched in an hour, in bytes.
	// Default 1 GiB; a negative limit is nothing.
	CrawlerLimit int64

	// writable leaves out the mount option ro, so that tests can see what
	// the nodes say themselves.
	writable bool
}

func (cfg *Config) setDefaults() {
	if cfg.DirTTL == 0 {
		cfg.DirTTL = time.Minute
	}
	if cfg.MetadataTimeout == 0 {
		cfg.MetadataTimeout = 10 * time.Second
	}
	if cfg.BlockTimeout == 0 {
		cfg.BlockTimeout = 30 * time.Second
	}
	if cfg.CloseTimeout == 0 {
		cfg.CloseTimeout = time.Minute
	}
	if cfg.RenameTimeout == 0 {
		cfg.RenameTimeout = min(2*time.Second, cfg.CloseTimeout)
	}
	if cfg.Crawlers == nil {
		cfg.Crawlers = Crawlers
	}
	if cfg.CrawlerLimit == 0 {
		cfg.CrawlerLimit = defaultCrawlerLimit
	}
	if cfg.FsName == "" {
		cfg.FsName = fileSystemName
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
}

// Server is a mounted file system.
type Server struct {
	dir  string
	vol  *volume
	done chan struct{} // closed when the last request was served
}

// Mount mounts the tree on dir and serves it until it is unmounted, by
// [Server.Unmount] or by anybody else. ctx bounds the mounting only. When dir
// is a dead mount of this file system, it is cleaned up first; see [CleanStale].
func Mount(ctx context.Context, dir string, cfg Config) (*Server, error) {
	cfg.setDefaults()
	if err := cleanStale(ctx, dir); err != nil {
		return nil, err
	}
	dir, err := mountPoint(dir)
	if err != nil {
		return nil, err
	}
	rootEntry, err := cfg.Tree.Root(ctx)
	if err != nil {
		return nil, err
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	vol := newVolume(life, dir, &cfg)
	root := &dirNode{node{vol: vol}}
	root.refresh(rootEntry)
	opts := options(&cfg, rootEntry)
	server, err := fuse.NewServer(newNodeFS(root, opts, vol.passthrough), dir, &opts.MountOptions)
	if err != nil {
		end()
		return nil, fmt.Errorf("mounting on %s: %w", dir, err)
	}
	closeDeviceOnExec()
	s := &Server{dir: dir, vol: vol, done: make(chan struct{})}
	go func() {
		server.Serve()
		// However it was unmounted, nobody writes any more.
		s.CommitDirectories()
		end()
		vol.end()
		close(s.done)
	}()
	if err := server.WaitMount(); err != nil {
		return nil, errors.Join(fmt.Errorf("mounting on %s: %w", dir, err), unmount(context.WithoutCancel(ctx), dir, true))
	}
	return s, nil
}

// mountPoint checks that dir is a directory on which nothing of ours is
// mounted, and returns it without symbolic links.
func mountPoint(dir string) (string, error) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", fmt.Errorf("mount point: %w", err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", fmt.Errorf("mount point: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return "", fmt.Errorf("mount point: %w", err)
	}
	if !info.IsDir() {
		return "", fmt.Errorf("mount point %s: %w", dir, unix.ENOTDIR)
	}
	mounted, err := isMounted(dir)
	if err != nil {
		return "", err
	}
	if mounted {
		return "", fmt.Errorf("mount point %s: %w", dir, ErrMounted)
	}
	return dir, nil
}

// ErrMounted says that the directory is a living mount of openbisfs already.
var ErrMounted = errors.New("openbisfs is mounted there already")

func newVolume(life context.Context, dir string, cfg *Config) *volume {
	v := &volume{
		tree:      cfg.Tree,
		cache:     cfg.Cache,
		remote:    cfg.Remote,
		server:    cfg.Server,
		owner:     fuse.Owner{Uid: cfg.UID, Gid: cfg.GID},
		umask:     uint32(cfg.Umask.Perm()),
		dirTTL:    cfg.DirTTL,
		mounted:   time.Now(),
		listLimit: 6 * cfg.MetadataTimeout,
		readLimit: 2 * cfg.BlockTimeout,
		dir:       dir,
		status:    cfg.Status,
		log:       cfg.Logger,
		life:      life,

		stagingDir:        cfg.StagingDir,
		commitAfter:       cfg.CommitAfter,
		closeTimeout:      cfg.CloseTimeout,
		renameTimeout:     cfg.RenameTimeout,
		closeInBackground: cfg.CloseInBackground,
	}
	v.siblings = newSiblings(v)
	v.passthrough = newPassthrough(cfg)
	v.crawlers = newCrawlers(cfg)
	if cfg.Staging != nil {
		v.overlay = newOverlay(v, cfg.Staging)
	}
	return v
}

// end is called after the last request.
func (v *volume) end() {
	if v.overlay != nil {
		v.overlay.end()
	}
	v.background.end()
	v.passthrough.end()
}

func options(cfg *Config, root *meta.Entry) *fusefs.Options {
	negative := negativeTTL
	logger := slog.NewLogLogger(cfg.Logger.Handler(), slog.LevelWarn)
	// The kernel checks permissions itself: no request for each access, and
	// allow_other does not open more than the mode bits say.
	mountOptions := []string{"nosuid", "nodev", "default_permissions"}
	if !cfg.writable && cfg.Staging == nil {
		mountOptions = append(mountOptions, "ro")
	}
	var disabled uint64
	if cfg.DisablePassthrough {
		disabled = fuse.CAP_PASSTHROUGH
	}
	return &fusefs.Options{
		// EntryTimeout and AttrTimeout stay unset: every answer has its own.
		NegativeTimeout: &negative,
		NullPermissions: true,
		RootStableAttr:  &fusefs.StableAttr{Ino: root.Inode},
		Logger:          logger,
		MountOptions: fuse.MountOptions{
			FsName:        cfg.FsName,
			Name:          fileSystemName,
			Options:       mountOptions,
			AllowOther:    cfg.AllowOther,
			DirectMount:   os.Geteuid() == 0,
			MaxWrite:      maxRequest,
			MaxBackground: maxBackground,
			DisableSplice: true, // replies come from memory: go-fuse would fill a pipe in vain
			// Nothing here has set-user-ID bits or capabilities, so the kernel need not ask for them before each write.
			ExtraCapabilities:    fuse.CAP_READDIRPLUS_AUTO | fuse.CAP_HANDLE_KILLPRIV_V2,
			DisabledCapabilities: disabled,
			Logger:               logger,
			PanicHandler:         func(value any) fuse.Status { return recovered(cfg, value) },
		},
	}
}

func recovered(cfg *Config, value any) fuse.Status {
	stack := debug.Stack()
	cfg.Logger.Error("panic in a request", "panic", value, "stack", string(stack))
	if cfg.OnPanic != nil {
		cfg.OnPanic(value, stack)
	}
	return fuse.EIO
}

// Passthrough says whether the kernel reads complete files of the disk cache itself.
func (s *Server) Passthrough() PassthroughStatus { return s.vol.passthrough.status() }

// Crawlers says what programs have done that read everything.
func (s *Server) Crawlers() []CrawlerStatus { return s.vol.crawlers.status() }

// Dir returns the mount point, absolute and without symbolic links.
func (s *Server) Dir() string { return s.dir }

// Wait returns when the file system is unmounted and the last request served.
func (s *Server) Wait() { <-s.done }

// Done is closed when the file system is unmounted and the last request served.
func (s *Server) Done() <-chan struct{} { return s.done }

// Unmount unmounts and waits until the last request is served. It fails with
// [unix.EBUSY] when a program uses the file system. Calling it again is fine.
func (s *Server) Unmount() error {
	select {
	case <-s.done:
		return nil
	default:
	}
	if err := Unmount(s.dir, false); err != nil {
		return err
	}
	s.Wait()
	return nil
}

// Detach takes the file system out of sight at once, and ends it when the last
// program that uses it is done. See [Server.Wait].
func (s *Server) Detach() error {
	select {
	case <-s.done:
		return nil
	default:
		return Unmount(s.dir, true)
	}
}
