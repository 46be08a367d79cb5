package disk

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// BlockSize is the unit of presence, in bytes.
const BlockSize = 1 << 20

// Key names immutable content: two files of one Key have the same bytes.
type Key struct {
	Server, DataSet, Path string
	Size                  int64  // bytes
	CRC32                 uint32 // IEEE, of the whole content; valid only when HasCRC32
	HasCRC32              bool
}

// blocks returns how many blocks the content has.
func (k *Key) blocks() int64 { return (k.Size + BlockSize - 1) / BlockSize }

// length returns the length of block n.
func (k *Key) length(n int64) int { return int(min(BlockSize, k.Size-n*BlockSize)) }

// identity is a Key as it appears on disk.
type identity struct {
	name   string // hexadecimal digits
	tag    uint64
	header []byte // of the map
}

const (
	formatName = "openbisfs block map 1"
	headerUnit = recordSize
	maxHeader  = 64 << 10
)

// description is the first line of a map.
type description struct {
	Format  string  `json:"format"`
	Server  string  `json:"server"`
	DataSet string  `json:"dataSet"`
	Path    string  `json:"path"`
	Raw     []byte  `json:"rawPath,omitempty"` // of a path that is no UTF-8
	Size    int64   `json:"size"`
	CRC32   *string `json:"crc32,omitempty"`
}

func (k *Key) identity() identity {
	h := sha256.New()
	for _, s := range []string{formatName, k.Server, k.DataSet, k.Path} {
		_ = binary.Write(h, binary.LittleEndian, int64(len(s)))
		_, _ = h.Write([]byte(s))
	}
	_ = binary.Write(h, binary.LittleEndian, k.Size)
	_ = binary.Write(h, binary.LittleEndian, k.HasCRC32)
	if k.HasCRC32 {
		_ = binary.Write(h, binary.LittleEndian, k.CRC32)
	}
	sum := h.Sum(nil)

	d := description{Format: formatName, Server: k.Server, DataSet: k.DataSet, Path: k.Path, Size: k.Size}
	if !utf8.ValidString(k.Path) {
		d.Raw = []byte(k.Path)
	}
	if k.HasCRC32 {
		sum := fmt.Sprintf("%08x", k.CRC32)
		d.CRC32 = &sum
	}
	header, err := json.Marshal(d)
	if err != nil {
		panic(err) // strings and numbers only
	}
	header = append(header, '\n')
	for len(header)%headerUnit != 0 {
		header = append(header, '\n')
	}
	return identity{name: hex.EncodeToString(sum[:20]), tag: binary.LittleEndian.Uint64(sum), header: header}
}

var errNotMap = errors.New("not a block map")

// parseHeader returns whose map begins with data, and where its records do. It accepts nothing but what identity makes.
func parseHeader(data []byte) (Key, int64, error) {
	end := bytes.IndexByte(data[:min(len(data), maxHeader)], '\n')
	if end < 0 {
		return Key{}, 0, errNotMap
	}
	var d description
	if err := json.Unmarshal(data[:end], &d); err != nil {
		return Key{}, 0, fmt.Errorf("%w: %w", errNotMap, err)
	}
	k := Key{Server: d.Server, DataSet: d.DataSet, Path: d.Path, Size: d.Size}
	if d.Raw != nil {
		k.Path = string(d.Raw)
	}
	if d.CRC32 != nil {
		sum, err := hex.DecodeString(*d.CRC32)
		if err != nil || len(sum) != 4 {
			return Key{}, 0, errNotMap
		}
		k.CRC32, k.HasCRC32 = binary.BigEndian.Uint32(sum), true
	}
	header := k.identity().header
	if k.Size < 0 || !bytes.HasPrefix(data, header) {
		return Key{}, 0, errNotMap
	}
	return k, int64(len(header)), nil
}
