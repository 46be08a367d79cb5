package staging

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// manifest is what a sealed draft consists of.
type manifest struct {
	Files   []sealedFile
	Folders []string // empty ones, relative to the draft directory
}

// sealedFile is one sealed file.
type sealedFile struct {
	Path  string // relative to the draft directory, "" for a draft that is a file
	Size  int64  // bytes
	CRC32 uint32 // IEEE
}

// manifestLine is a line of files.jsonl: a file or an empty folder.
type manifestLine struct {
	Path   string  `json:"path"`
	Size   *int64  `json:"size,omitempty"`  // absent for a folder
	CRC32  *uint32 `json:"crc32,omitempty"` // absent for a folder
	Folder bool    `json:"folder,omitempty"`
}

// sum returns what the record says about m.
func (m *manifest) sum(encoded []byte) *contents {
	c := &contents{Files: len(m.Files), CRC32: crc32.ChecksumIEEE(encoded)}
	for _, f := range m.Files {
		c.Bytes += f.Size
	}
	return c
}

// encode returns the text of files.jsonl.
func (m *manifest) encode() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for i := range m.Files {
		f := &m.Files[i]
		if err := e.Encode(manifestLine{Path: f.Path, Size: &f.Size, CRC32: &f.CRC32}); err != nil {
			return nil, err
		}
	}
	for _, f := range m.Folders {
		if err := e.Encode(manifestLine{Path: f, Folder: true}); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// readManifest reads files.jsonl of the draft in dir, which has to be the one that the record vouches for.
func readManifest(dir string, want *contents) (*manifest, error) {
	file, err := os.Open(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: no %s", ErrDamaged, manifestFile)
	}
	if err != nil {
		return nil, local(err)
	}
	defer file.Close()
	sum := crc32.NewIEEE()
	d := json.NewDecoder(bufio.NewReader(io.TeeReader(file, sum)))
	d.DisallowUnknownFields()
	m := new(manifest)
	for {
		var line manifestLine
		err := d.Decode(&line)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, manifestFile, err)
		}
		switch {
		case line.Path != "" && !filepath.IsLocal(line.Path):
			return nil, fmt.Errorf("%w: %s: path %q", ErrDamaged, manifestFile, line.Path)
		case line.Folder:
			m.Folders = append(m.Folders, line.Path)
		case line.Size == nil || *line.Size < 0 || line.CRC32 == nil:
			return nil, fmt.Errorf("%w: %s: no size or checksum of %q", ErrDamaged, manifestFile, line.Path)
		default:
			m.Files = append(m.Files, sealedFile{line.Path, *line.Size, *line.CRC32})
		}
	}
	if sum.Sum32() != want.CRC32 || len(m.Files) != want.Files {
		return nil, fmt.Errorf("%w: %s is not the one that was sealed", ErrDamaged, manifestFile)
	}
	return m, nil
}
