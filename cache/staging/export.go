package staging

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Export copies the draft's content, temporary files included, into the directory dir under the draft's name and returns
// the path. Nothing is overwritten: an existing name is [fs.ErrExist]. The draft stays as it is.
func (d *Draft) Export(ctx context.Context, dir string) (string, error) {
	target := filepath.Join(dir, d.Name())
	err := filepath.WalkDir(d.Root(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		rel, err := filepath.Rel(d.Root(), path)
		if err != nil {
			return err
		}
		to := filepath.Join(target, rel)
		switch {
		case entry.IsDir():
			return os.Mkdir(to, 0o777)
		case entry.Type().IsRegular():
			return copyFile(path, to)
		case entry.Type() == fs.ModeSymlink:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(link, to)
		}
		return nil
	})
	return target, err
}

// copyFile makes a durable copy that did not exist before, with the time of the original.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	if info, err := in.Stat(); err == nil {
		_ = os.Chtimes(to, info.ModTime(), info.ModTime())
	}
	return nil
}
