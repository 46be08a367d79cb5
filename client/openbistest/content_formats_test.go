package openbistest

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"path"
	"strconv"
	"testing"
)

func TestFilesAreWhatTheirNamesSay(t *testing.T) {
	checks := map[string]func([]byte) error{
		".csv": checkCSV, ".json": checkJSON, ".png": checkPNG, ".tif": checkTIFF, ".zip": checkZIP, ".pdf": checkPDF,
		".xml": checkXML, ".gz": checkGZIP, ".fastq": checkFASTQ, ".h5": checkHDF5, ".h5ar": checkHDF5,
	}
	seen := make(map[string]int)
	allFiles(t, SmallLab(), func(t *testing.T, n *Node, content []byte) {
		extension := path.Ext(n.Name)
		if check := checks[extension]; check != nil && n.Content.Size() > 0 {
			seen[extension]++
			if err := check(content); err != nil {
				t.Error(err)
			}
		}
	})
	for extension := range checks {
		if seen[extension] == 0 {
			t.Errorf("no file %s", extension)
		}
	}
}

func checkCSV(b []byte) error {
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll() // refuses rows of different lengths
	if err == nil && len(rows) < 2 {
		err = errors.New("no rows")
	}
	return err
}

func checkJSON(b []byte) error { return json.Unmarshal(b, new(map[string]any)) }

func checkXML(b []byte) error { return xml.Unmarshal(b, new(struct{ XMLName xml.Name })) }

func checkPNG(b []byte) error {
	_, err := png.Decode(bytes.NewReader(b))
	return err
}

func checkGZIP(b []byte) error {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return err
	}
	inside, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return checkFASTQ(inside)
}

func checkFASTQ(b []byte) error {
	lines := bytes.Split(b, []byte("\n"))
	if len(lines)%4 != 1 || len(lines) == 1 {
		return fmt.Errorf("%d lines", len(lines)-1)
	}
	for i := 0; i+3 < len(lines); i += 4 {
		quality := lines[i+3]
		if lines[i][0] != '@' || lines[i+2][0] != '+' || len(lines[i+1]) != len(quality) || bytes.ContainsFunc(quality, func(r rune) bool { return r < '!' || r > 'J' }) {
			return fmt.Errorf("read %d is malformed", i/4)
		}
	}
	return nil
}

func checkZIP(b []byte) error {
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return err
	}
	for _, f := range r.File {
		member, err := f.Open()
		if err != nil {
			return err
		}
		if _, err = io.Copy(io.Discard, member); err != nil { // checks the CRC32
			return err
		}
	}
	return nil
}

// checkHDF5 knows the signature only.
func checkHDF5(b []byte) error {
	if !bytes.HasPrefix(b, []byte("\x89HDF\r\n\x1a\n")) {
		return errors.New("no HDF5 signature")
	}
	return nil
}

// checkTIFF follows the directories of all pages.
func checkTIFF(b []byte) error {
	le := binary.LittleEndian
	if !bytes.HasPrefix(b, []byte("II*\x00")) {
		return errors.New("no TIFF signature")
	}
	pages := 0
	for ifd := le.Uint32(b[4:]); ifd != 0; pages++ {
		n := uint32(le.Uint16(b[ifd:]))
		tags := make(map[uint16]uint32)
		for e := ifd + 2; e < ifd+2+12*n; e += 12 {
			tags[le.Uint16(b[e:])] = le.Uint32(b[e+8:])
		}
		if tags[258] != 16 || tags[279] != tags[256]*tags[257]*2 || int(tags[273]+tags[279]) > len(b) {
			return fmt.Errorf("page %d: %v", pages, tags)
		}
		ifd = le.Uint32(b[ifd+2+12*n:])
	}
	if pages < 2 {
		return fmt.Errorf("%d pages", pages)
	}
	return nil
}

// checkPDF follows the cross-reference table to all objects.
func checkPDF(b []byte) error {
	_, tail, ok := bytes.Cut(b, []byte("startxref\n"))
	if !ok || !bytes.HasPrefix(b, []byte("%PDF-1.")) || !bytes.HasSuffix(b, []byte("%%EOF\n")) {
		return errors.New("no PDF")
	}
	number, _, _ := bytes.Cut(tail, []byte("\n"))
	xref, err := strconv.Atoi(string(number))
	if err != nil {
		return err
	}
	var count int
	if _, err = fmt.Sscanf(string(b[xref:]), "xref\n0 %d\n", &count); err != nil {
		return err
	}
	entries := b[bytes.Index(b[xref:], []byte("0000000000 65535 f"))+xref:]
	for i := 1; i < count; i++ {
		offset, err := strconv.Atoi(string(entries[20*i : 20*i+10]))
		if err != nil {
			return err
		}
		if want := fmt.Sprintf("%d 0 obj\n", i); !bytes.HasPrefix(b[offset:], []byte(want)) {
			return fmt.Errorf("object %d is not at %d", i, offset)
		}
	}
	return nil
}
