package client

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// chunk is a piece of a file as the file-transfer protocol sends it (openBIS source, ChunkInputStream.java and
// PayloadInputStream.java). On the wire, all integers big-endian:
//
//	sequence number      int32
//	length of item id    int16
//	is a directory       1 byte
//	length of file path  int16
//	offset in the file   int64
//	length of payload    int32
//	item id, file path
//	header CRC           int64, CRC32 (IEEE) of all before
//	payload
//	payload CRC          int64, CRC32 (IEEE) of the payload
type chunk struct {
	sequence int64
	item     string // as it was asked for: "<permId>/<path>"
	path     string
	offset   int64
	payload  []byte
}

const (
	chunkFixed = 4 + 2 + 1 + 2 + 8 + 4
	chunkCRC   = 8
)

// errShort is the cause of an error for a stream that ends within a chunk, errCRC for damage.
var (
	errShort = fmt.Errorf("the stream ends within a chunk: %w", io.ErrUnexpectedEOF)
	errCRC   = errors.New("wrong checksum")
)

// readChunk reads the next chunk of a stream; [io.EOF] is the end between two chunks. Nothing of a header is believed
// before its checksum is right.
func readChunk(r io.Reader) (chunk, error) {
	var c chunk
	header := make([]byte, chunkFixed, 256)
	if n, err := io.ReadFull(r, header); err != nil {
		if n == 0 && errors.Is(err, io.EOF) {
			return c, io.EOF
		}
		return c, within(err)
	}
	itemLen := int(binary.BigEndian.Uint16(header[4:]))
	pathLen := int(binary.BigEndian.Uint16(header[7:]))
	names := make([]byte, itemLen+pathLen+chunkCRC)
	if _, err := io.ReadFull(r, names); err != nil {
		return c, within(err)
	}
	header = append(header, names[:itemLen+pathLen]...)
	if !checksumIs(names[itemLen+pathLen:], header) {
		return c, fmt.Errorf("header of a chunk: %w", errCRC)
	}
	c.sequence = int64(int32(binary.BigEndian.Uint32(header)))
	c.item = string(names[:itemLen])
	c.path = string(names[itemLen : itemLen+pathLen])
	c.offset = int64(binary.BigEndian.Uint64(header[9:]))
	length := int64(int32(binary.BigEndian.Uint32(header[17:])))
	if header[6] != 0 || c.sequence < 0 || c.offset < 0 || length < 0 || length > BlockSize {
		return c, errors.New("chunk of an unknown kind")
	}
	c.payload = make([]byte, length)
	if _, err := io.ReadFull(r, c.payload); err != nil {
		return c, within(err)
	}
	var sum [chunkCRC]byte
	if _, err := io.ReadFull(r, sum[:]); err != nil {
		return c, within(err)
	}
	if !checksumIs(sum[:], c.payload) {
		return c, fmt.Errorf("payload of chunk %d: %w", c.sequence, errCRC)
	}
	return c, nil
}

// within makes an end of the stream one that comes too early.
func within(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errShort
	}
	return err
}

func checksumIs(sum, data []byte) bool {
	return binary.BigEndian.Uint64(sum) == uint64(crc32.ChecksumIEEE(data))
}
