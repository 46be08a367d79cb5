package openbistest

import (
	"fmt"
	"hash/crc32"
	"io"
)

// spectrum is the absorption spectrum of the compound of that number, as a CSV, made whenever it is read. All
// have the same size.
type spectrum int

const (
	spectrumHeader = "wavelength_nm,absorbance\n"
	spectrumRow    = len("200,0.0000\n")
	spectrumRows   = 151
	spectrumSize   = len(spectrumHeader) + spectrumRows*spectrumRow
)

func (s *spectrum) encode() []byte {
	b := make([]byte, 0, spectrumSize)
	b = append(b, spectrumHeader...)
	n := int(*s)
	peak, width := 30+n*37%91, 8+n%13
	for i := range spectrumRows {
		d := i - peak
		absorbance := 9_000*width*width/(width*width+d*d) + int(splitmix(uint64(n*spectrumRows+i))%90)
		b = fmt.Appendf(b, "%d,0.%04d\n", 200+2*i, absorbance)
	}
	return b
}

// Size implements Content.
func (s *spectrum) Size() int64 { return int64(spectrumSize) }

// CRC32 implements Content.
func (s *spectrum) CRC32() uint32 { return crc32.ChecksumIEEE(s.encode()) }

// ReadAt implements io.ReaderAt.
func (s *spectrum) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(spectrumSize) {
		return 0, io.EOF
	}
	n := copy(p, s.encode()[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
