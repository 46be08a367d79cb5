package openbistest

import (
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
)

// minGzip is the size from which on Jetty's GzipHandler compresses, in bytes.
const minGzip = 2048

// body writes the body of an answer, and compresses it as Jetty's GzipHandler does for those who ask: from 2048 bytes on, without a
// Content-Length then.
type body struct {
	w       http.ResponseWriter
	gzip    bool // compress once there is enough
	chunked bool // never say a length
	held    []byte
	z       *gzip.Writer
	began   bool
}

var _ io.WriteCloser = (*body)(nil)

// newBody begins an answer of status 200 with that many bytes, -1: unknown.
func newBody(w http.ResponseWriter, r *http.Request, contentType string, length int64) *body {
	h := w.Header()
	h["Content-Type"] = []string{contentType}
	b := &body{w: w, chunked: length < 0}
	b.gzip = strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && compressible(contentType) && (length < 0 || length >= minGzip)
	if !b.gzip && length >= 0 {
		h.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	return b
}

// begin sends the header, at once when it must not get a length from net/http.
func (b *body) begin() {
	b.began = true
	b.w.WriteHeader(http.StatusOK)
	if b.chunked || b.z != nil {
		_ = http.NewResponseController(b.w).Flush()
	}
}

// Write implements io.Writer.
func (b *body) Write(p []byte) (int, error) {
	if b.z != nil {
		return b.z.Write(p)
	}
	if !b.gzip {
		if !b.began {
			b.begin()
		}
		return b.w.Write(p)
	}
	b.held = append(b.held, p...)
	if len(b.held) < minGzip {
		return len(p), nil
	}
	h := b.w.Header()
	h.Set("Content-Encoding", "gzip")
	h.Set("Vary", "Accept-Encoding, User-Agent")
	b.z, _ = gzip.NewWriterLevel(b.w, gzip.BestSpeed) // the level is valid
	b.begin()
	_, err := b.z.Write(b.held)
	b.held = nil
	return len(p), err
}

// Close ends the answer.
func (b *body) Close() error {
	if b.z != nil {
		return b.z.Close()
	}
	if !b.began {
		b.begin()
	}
	if len(b.held) > 0 {
		_, err := b.w.Write(b.held)
		return err
	}
	return nil
}

// copyBuffers are the buffers between contents and connections.
var copyBuffers = sync.Pool{New: func() any { return new([256 << 10]byte) }}

// sendContent copies n bytes of c from off on to w, counts what was really written, and stops at the first error.
func (s *Server) sendContent(w io.Writer, c io.ReaderAt, off, n int64) error {
	if file, ok := c.(*fileContent); ok {
		if to := plainWriter(w); to != nil {
			return s.sendFile(to, file, off, n)
		}
	}
	buffer := copyBuffers.Get().(*[256 << 10]byte)
	defer copyBuffers.Put(buffer)
	for n > 0 {
		p := buffer[:min(n, int64(len(buffer)))]
		if k, err := c.ReadAt(p, off); k < len(p) {
			return err
		}
		k, err := s.countWrite(w, p)
		if err != nil {
			return err
		}
		off, n = off+int64(k), n-int64(k)
	}
	return nil
}

// countWrite writes file content and counts it, also when a fault cuts the answer off.
func (s *Server) countWrite(w io.Writer, p []byte) (n int, err error) {
	fw, plain := w.(*body)
	var answer *faultWriter
	if plain && fw.z == nil && !fw.gzip {
		answer, _ = fw.w.(*faultWriter)
	}
	if answer == nil {
		n, err = w.Write(p)
		s.countContent(int64(n))
		return n, err
	}
	before := answer.written
	defer func() { s.countContent(answer.written - before) }()
	return w.Write(p)
}

// plainWriter returns the writer of an answer to which nothing is done on its way, nil for any other.
func plainWriter(w io.Writer) *faultWriter {
	b, ok := w.(*body)
	if !ok || b.gzip {
		return nil
	}
	fw, ok := b.w.(*faultWriter)
	if !ok || fw.resetAtEnd || fw.truncateAt >= 0 || fw.damageAt >= 0 || fw.stall != nil {
		return nil
	}
	if !b.began {
		b.begin()
	}
	return fw
}

// sendFile has the kernel copy a file to the connection, where it can.
func (s *Server) sendFile(w *faultWriter, c *fileContent, off, n int64) error {
	f, err := os.Open(c.path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Seek(off, io.SeekStart); err != nil {
		return err
	}
	sent, err := io.CopyN(w.ResponseWriter, f, n)
	w.began = true
	w.written += sent
	s.countContent(sent)
	return err
}
