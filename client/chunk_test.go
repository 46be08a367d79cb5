package client

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// recordedTransfer is what the real servlet answered to one session.
type recordedTransfer struct {
	StartResponse struct {
		DownloadSessionID string            `json:"downloadSessionId"`
		Ranges            map[string]string `json:"ranges"`
		StreamIDs         []string          `json:"streamIds"`
	} `json:"startResponse"`
	Downloads []struct {
		File   string `json:"file"`
		Chunks []struct {
			SequenceNumber int64  `json:"sequenceNumber"`
			Item           string `json:"downloadItemId"`
			FilePath       string `json:"filePath"`
			FileOffset     int64  `json:"fileOffset"`
			PayloadLength  int    `json:"payloadLength"`
			PayloadSHA256  string `json:"payloadSHA256"`
		} `json:"chunks"`
	} `json:"downloads"`
}

// readChunks reads all chunks of a stream.
func readChunks(stream []byte) ([]chunk, error) {
	var chunks []chunk
	for r := bytes.NewReader(stream); ; {
		c, err := readChunk(r)
		if errors.Is(err, io.EOF) {
			return chunks, nil
		}
		if err != nil {
			return chunks, err
		}
		chunks = append(chunks, c)
	}
}

func TestChunksOfRealStreams(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "filetransfer", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	streams := 0
	for _, f := range files {
		name := filepath.Base(f)
		if name == "errors.json" || name == "damaged.json" || name == "FORMAT.json" {
			continue
		}
		for _, d := range goldenJSON[recordedTransfer](t, "filetransfer/"+name).Downloads {
			streams++
			file := strings.TrimSuffix(d.File, ".gz")
			chunks, err := readChunks(golden(t, "filetransfer/"+file))
			if err != nil {
				t.Errorf("%s: %v", file, err)
			}
			if len(chunks) != len(d.Chunks) {
				t.Fatalf("%s: %d chunks, want %d", file, len(chunks), len(d.Chunks))
			}
			for i, want := range d.Chunks {
				c := chunks[i]
				sum := sha256.Sum256(c.payload)
				if c.sequence != want.SequenceNumber || c.item != want.Item || c.path != want.FilePath || c.offset != want.FileOffset ||
					len(c.payload) != want.PayloadLength || hex.EncodeToString(sum[:]) != want.PayloadSHA256 {
					t.Errorf("%s: chunk %d: got %d %q %q %d, %d bytes", file, i, c.sequence, c.item, c.path, c.offset, len(c.payload))
				}
			}
		}
	}
	if streams < 12 {
		t.Errorf("only %d streams", streams)
	}
}

func TestDamagedStreamsAreErrors(t *testing.T) {
	for _, test := range []struct {
		file string
		good int // chunks before the damage
		err  error
	}{
		{"damaged_header_bit.bin", 1, errCRC},
		{"damaged_payload_bit.bin", 0, errCRC},
		{"truncated_in_header.bin", 2, io.ErrUnexpectedEOF},
		{"truncated_in_payload.bin", 0, io.ErrUnexpectedEOF},
		{"truncated_in_payload_crc.bin", 0, io.ErrUnexpectedEOF},
	} {
		chunks, err := readChunks(golden(t, "filetransfer/"+test.file))
		if len(chunks) != test.good || !errors.Is(err, test.err) {
			t.Errorf("%s: %d chunks and %v, want %d and %v", test.file, len(chunks), err, test.good, test.err)
		}
	}
}

func TestEveryCutAndEveryFlippedBitOfAStreamIsNoticed(t *testing.T) {
	whole := golden(t, "filetransfer/several_items.bin")
	want, err := readChunks(whole)
	if err != nil {
		t.Fatal(err)
	}
	ends := map[int]bool{0: true}
	for end, i := 0, 0; i < len(want); i++ {
		end += chunkFixed + len(want[i].item) + len(want[i].path) + len(want[i].payload) + 2*chunkCRC
		ends[end] = true
	}
	for cut := range whole {
		if _, err := readChunks(whole[:cut]); (err == nil) != ends[cut] {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 1 << (i % 8)
		if _, err := readChunks(damaged); err == nil {
			t.Errorf("bit flipped in byte %d: no error", i)
		}
	}
}
