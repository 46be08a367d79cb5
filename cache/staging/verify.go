package staging

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

const (
	checksumWait  = 5 * time.Minute // for the server's checksums; some data stores never compute them
	checksumPause = 15 * time.Second
	checksumLate  = 30 * time.Minute // between looks for the checksums of a copy that is in use, after that
)

// verify compares the server's listing with what was sealed. Until it is the same, the local copy stays. The first time
// that it is complete, who uses the copy is told; see [Draft.OnVerified].
func (s *Store) verify(ctx context.Context, d *Draft) (wait time.Duration, err error) {
	r := d.record()
	m, err := readManifest(d.dir, r.Content)
	if err != nil {
		return 0, err
	}
	files, err := s.opts.Registrar.Files(ctx, &client.DataSet{
		PermID: r.PermID, Kind: client.Physical, DataStore: r.Plan.DataStore,
	})
	s.answered(err)
	if err != nil {
		return 0, err
	}
	twins, complete, err := compare(r.Name, m.Files, files)
	switch {
	case err != nil:
		return 0, fmt.Errorf("dataset %s: %w", r.PermID, err)
	case complete:
		d.confirm(twins)
	case r.State == Verified:
		return checksumLate, nil
	case time.Since(*r.RegisteredAt) < checksumWait:
		return checksumPause, nil
	}
	d.note(Verified)
	return 0, nil
}

// compare looks for the sealed files in a Dataset's listing: below whatever folders the route has wrapped them in, each
// with its size and, if the server knows it, its checksum, and nothing else. complete means that all checksums were
// known; twins are the listed files in the order of the sealed ones.
func compare(name string, sealed []sealedFile, listed []client.File) (twins []Twin, complete bool, err error) {
	byPath := make(map[string]client.File, len(listed))
	files := 0
	for _, f := range listed {
		byPath[f.Path] = f
		if !f.Directory {
			files++
		}
	}
	first := path.Join(name, sealed[0].Path)
	err = fmt.Errorf("%w: no %q", ErrMismatch, first)
	for _, f := range listed {
		prefix, ok := strings.CutSuffix("/"+f.Path, "/"+first)
		if !ok {
			continue
		}
		var inside int
		twins, complete, inside, err = compareBelow(strings.TrimPrefix(prefix, "/"), name, sealed, byPath, listed)
		if err == nil && files != inside {
			err = fmt.Errorf("%w: %d files, %d were sent", ErrMismatch, files, inside)
		}
		if err == nil {
			return twins, complete, nil
		}
	}
	return nil, false, err
}

// compareBelow compares under one prefix; inside is how many of the listed files are accounted for.
func compareBelow(prefix, name string, sealed []sealedFile, byPath map[string]client.File, listed []client.File) (twins []Twin, complete bool, inside int, err error) {
	complete = true
	twins = make([]Twin, 0, len(sealed))
	for _, want := range sealed {
		p := path.Join(prefix, name, want.Path)
		got, ok := byPath[p]
		switch {
		case !ok:
			return nil, false, 0, fmt.Errorf("%w: no %q", ErrMismatch, p)
		case got.Directory && hdf5(p):
			// The data store shows what is in it instead.
			twins = append(twins, Twin{want.Path, got})
			for _, f := range listed {
				if !f.Directory && strings.HasPrefix(f.Path, p+"/") {
					inside++
				}
			}
			continue
		case got.Directory:
			return nil, false, 0, fmt.Errorf("%w: %q is a folder", ErrMismatch, p)
		case got.Size != want.Size:
			return nil, false, 0, fmt.Errorf("%w: %q has %d bytes, not %d", ErrMismatch, p, got.Size, want.Size)
		case got.HasCRC32 && got.CRC32 != want.CRC32:
			return nil, false, 0, fmt.Errorf("%w: %q has checksum %08x, not %08x", ErrMismatch, p, got.CRC32, want.CRC32)
		}
		inside++
		twins = append(twins, Twin{want.Path, got})
		complete = complete && got.HasCRC32
	}
	return twins, complete, inside, nil
}

// hdf5 tells whether a data store may show a file as a folder.
func hdf5(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".h5", ".h5ar":
		return true
	}
	return false
}
