package staging

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	recordFile   = "record.json"
	manifestFile = "files.jsonl"
	lockFile     = "lock"
	dataFile     = "data"
	temporarySuf = ".tmp" // of a record or manifest that is being written

	newPrefix = ".new-" // of a draft that is being made
	delPrefix = ".del-" // of a draft that is being removed
)

// writeRecord replaces the record of the draft in dir. When it returns nil, the new record is on disk for good; when it
// fails, the disk has the old or the new one, whole.
func writeRecord(d disk, dir string, r *record) error {
	b, err := encodeRecord(r)
	if err != nil {
		return err
	}
	return replaceFile(d, dir, recordFile, b)
}

// replaceFile gives the file name in dir a new content, atomically and durably.
func replaceFile(d disk, dir, name string, content []byte) (err error) {
	path := filepath.Join(dir, name)
	f, err := d.Open(path+temporarySuf, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		_ = d.Remove(path + temporarySuf)
		return err
	}
	if err := d.Rename(path+temporarySuf, path); err != nil {
		return err
	}
	return d.SyncDir(dir)
}

// readRecord reads the record of the draft in dir. Without a directory the error is [ErrGone]; a record that is absent,
// unreadable or another draft's is [ErrDamaged].
func readRecord(dir, id string) (*record, error) {
	f, err := os.Open(filepath.Join(dir, recordFile))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
			return nil, ErrGone
		}
		return nil, fmt.Errorf("%w: no %s", ErrDamaged, recordFile)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxRecord+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxRecord {
		return nil, fmt.Errorf("%w: too long", ErrDamaged)
	}
	r, err := decodeRecord(b)
	if err == nil && r.ID != id {
		err = fmt.Errorf("%w: it belongs to draft %s", ErrDamaged, r.ID)
	}
	return r, err
}
