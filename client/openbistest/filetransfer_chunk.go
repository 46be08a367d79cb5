package openbistest

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"slices"
	"sort"
)

// pieces are the chunks of a download session, kept per file: a file of any size is one entry.
type pieces struct {
	files []chunkedFile // by number of the first chunk
	next  int32
	dead  []chunkRange    // numbers that were replaced
	read  map[int32]int64 // how far the stream of a chunk has been read, for files that have no path on disk
}

// chunkedFile is a file cut into chunks of chunkSize; an empty file is one empty chunk.
type chunkedFile struct {
	item, path string
	content    Content
	onDisk     bool
	first      int32
	count      int32
}

// add cuts a file, or all files in a folder. A .h5ar container is one file, although it is shown as a folder.
func (p *pieces) add(item string, n *contentNode) error {
	if n.isFolder() && !n.isArchive() {
		for _, c := range n.children() {
			if err := p.add(item, c); err != nil {
				return err
			}
		}
		return nil
	}
	content, err := n.bytes()
	if err != nil {
		return err
	}
	count := int32(max((content.Size()+chunkSize-1)/chunkSize, 1))
	p.files = append(p.files, chunkedFile{item, n.path, content, n.onDisk(), p.next, count})
	p.next += count
	return nil
}

// forget drops the chunks of the item before number end.
func (p *pieces) forget(item string, end int32) {
	for _, f := range p.files {
		if f.item == item && f.first < end {
			p.dead = append(p.dead, chunkRange{f.first, f.first + f.count - 1})
		}
	}
}

func (p *pieces) has(seq int32) bool {
	return 0 <= seq && seq < p.next && !slices.ContainsFunc(p.dead, func(r chunkRange) bool { return r.first <= seq && seq <= r.last })
}

// chunk is a piece of a file on its way to the client.
type chunk struct {
	seq        int32
	item, path string
	offset     int64
	length     int32 // as announced
	content    Content
	from, n    int64 // what is really sent
}

// chunk returns the chunk with that number. Of a file without a path on disk every chunk is an input stream of its own, which is read on
// when the chunk is delivered again: from where it stands, after skipping the chunk's offset once more.
func (p *pieces) chunk(seq int32) chunk {
	i := sort.Search(len(p.files), func(i int) bool { return p.files[i].first > seq }) - 1
	f := p.files[i]
	offset := int64(seq-f.first) * chunkSize
	length := min(chunkSize, f.content.Size()-offset)
	c := chunk{seq, f.item, f.path, offset, int32(length), f.content, offset, length}
	if !f.onDisk {
		c.from = min(p.read[seq]+offset, f.content.Size())
		c.n = min(length, f.content.Size()-c.from)
		if p.read == nil {
			p.read = make(map[int32]int64)
		}
		p.read[seq] = c.from + c.n
	}
	return c
}

// header is the header of a chunk with its checksum (openBIS source, ChunkInputStream.java), all integers big-endian.
func (c chunk) header() []byte {
	b := make([]byte, 0, 29+len(c.item)+len(c.path))
	b = binary.BigEndian.AppendUint32(b, uint32(c.seq))
	b = binary.BigEndian.AppendUint16(b, uint16(len(c.item)))
	b = append(b, 0) // not a directory
	b = binary.BigEndian.AppendUint16(b, uint16(len(c.path)))
	b = binary.BigEndian.AppendUint64(b, uint64(c.offset))
	b = binary.BigEndian.AppendUint32(b, uint32(c.length))
	b = append(b, c.item...)
	b = append(b, c.path...)
	return binary.BigEndian.AppendUint64(b, uint64(crc32.ChecksumIEEE(b)))
}

// send writes the chunk: header, payload and the payload's checksum.
func (c chunk) send(s *Server, w io.Writer) error {
	if _, err := w.Write(c.header()); err != nil {
		return err
	}
	sum := &summed{r: c.content}
	if err := s.sendContent(w, sum, c.from, c.n); err != nil {
		return err
	}
	_, err := w.Write(binary.BigEndian.AppendUint64(nil, uint64(sum.sum)))
	return err
}

// summed computes the checksum of what is read from front to back.
type summed struct {
	r   io.ReaderAt
	sum uint32
}

// ReadAt implements io.ReaderAt.
func (s *summed) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.r.ReadAt(p, off)
	s.sum = crc32.Update(s.sum, crc32.IEEETable, p[:n])
	return n, err
}
