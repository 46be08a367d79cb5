package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"

	"github.com/openbisfs/openbisfs/client"
)

// writeFlags is what `mount` knows about writing.
type writeFlags struct {
	writable     bool
	dataSetType  string
	dropbox      string
	dataStore    string
	commitAfter  time.Duration
	close        closeMode
	closeTimeout time.Duration
	stagingFlags
	stagingSize byteSize
}

func (w *writeFlags) register(f *pflag.FlagSet) {
	f.BoolVar(&w.writable, "rw", false, "let programs write into Objects and Collections: what they save is registered, which is for good")
	f.StringVar(&w.dataSetType, "dataset-type", "RAW_DATA", "`CODE` of the type of new Datasets")
	f.StringVar(&w.dropbox, "dropbox", "", "register through the service `KEY`, or through createUploadedDataSet (default: the best that the server offers)")
	f.StringVar(&w.dataStore, "data-store", "", "`CODE` of the data store for new Datasets (default: the one that takes them)")
	f.Var(newSeconds(&w.commitAfter, 10*time.Second), "commit-after", "register a new directory when it was left alone this long; 0: when asked to, or at unmount")
	f.Var(&w.close, "close", "wait or background: whether closing a new file waits until it is registered, and fails if it is not")
	f.Var(newSeconds(&w.closeTimeout, time.Minute), "close-timeout", "how long closing waits at most")
	w.stagingFlags.register(f)
	f.Var(&w.stagingSize, "staging-size", "room for what is not registered yet, such as 20GiB; 0: as much as the disk has")
}

// stagingFlags says where staged files are, for `mount` and for the commands that look after them.
type stagingFlags struct{ dir string }

func (s *stagingFlags) register(f *pflag.FlagSet) {
	f.StringVar(&s.dir, "staging-dir", "", "keep what is not registered yet in `DIR` (default: a directory below the state directory)")
}

// survey looks at what is staged. With --staging-dir on the command line it looks nowhere else.
func (s *stagingFlags) survey(ctx context.Context, from origins) (*area, error) {
	dir, err := s.resolve()
	if err != nil {
		return nil, err
	}
	return survey(ctx, dir, from["staging-dir"] == fromFlag)
}

// resolve returns the absolute path of the staging directory.
func (s *stagingFlags) resolve() (string, error) {
	if s.dir == "" {
		return filepath.Join(stateDirectory("/var/lib"), "openbisfs", "staging"), nil
	}
	return filepath.Abs(s.dir)
}

// closeMode is what closing a written file waits for.
type closeMode struct{ background bool }

func (c *closeMode) Set(text string) error {
	switch text {
	case "wait", "background":
		c.background = text == "background"
		return nil
	}
	return errors.New("want wait or background")
}

func (c *closeMode) String() string {
	if c.background {
		return "background"
	}
	return "wait"
}
func (c *closeMode) Type() string { return "mode" }

// writeJob is what a mount that takes new Datasets needs.
type writeJob struct {
	DataSetType     string
	Registration    client.RegistrationOptions
	CommitAfter     time.Duration // 0: never by itself
	CloseBackground bool
	CloseTimeout    time.Duration
	StagingDir      string // absolute
	StagingSize     byteSize
}

// job returns nil for a mount that is read-only.
func (w *writeFlags) job(mountPoint string) (*writeJob, error) {
	if !w.writable {
		return nil, nil
	}
	dir, err := w.resolve()
	if err != nil {
		return nil, err
	}
	if mountPoint != "" && within(withoutLinks(dir), withoutLinks(mountPoint)) {
		return nil, failf(exitUsage, "the staging directory can't be inside the mount")
	}
	if w.dataSetType == "" {
		return nil, failf(exitUsage, "--dataset-type: want the code of a Dataset type")
	}
	return &writeJob{
		DataSetType:  w.dataSetType,
		Registration: client.RegistrationOptions{Dropbox: w.dropbox, DataStore: w.dataStore},
		CommitAfter:  w.commitAfter, CloseBackground: w.close.background, CloseTimeout: w.closeTimeout,
		StagingDir: dir, StagingSize: w.stagingSize,
	}, nil
}
