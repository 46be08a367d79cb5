package cache

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// putShare is the part of the memory that one Put may fill: what others have read is worth keeping, too.
const putShare = 4

// Put offers content that is here already, such as a file that has just been registered, so that nobody has to ask the
// server for it. from has the content of key, whose checksum has to be known; what the cache keeps of it, if anything,
// is its own choice: in memory a file that fits into a quarter of it, and nothing of a longer one, whose blocks
// would drive out each other.
//
// The content is read twice, first to compare it with the checksum, and then block by block, of which each has to be
// what it was: nothing that is not right is ever readable. Content that is not what key says is [ErrOffered].
// When ctx ends, what was kept so far stays.
func (s *Store) Put(ctx context.Context, key Key, from io.ReaderAt) error {
	switch {
	case !key.HasCRC32:
		return fmt.Errorf("cache: content without a checksum: %w", errors.ErrUnsupported)
	case key.Size == 0 || key.Size > s.opts.Memory/putShare:
		return nil
	}
	sums, err := sumBlocks(ctx, key, from)
	if err != nil {
		return err
	}
	for n := range int64(len(sums)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if more, err := s.putBlock(key, n, sums[n], from); !more {
			return err
		}
	}
	return nil
}

// sumBlocks returns the checksum of each block of content that has the checksum of its key.
func sumBlocks(ctx context.Context, key Key, from io.ReaderAt) ([]uint32, error) {
	sums := make([]uint32, 0, (key.Size+BlockSize-1)/BlockSize)
	buf := make([]byte, min(BlockSize, key.Size))
	whole := crc32.NewIEEE()
	for off := int64(0); off < key.Size; off += BlockSize {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		data := buf[:min(BlockSize, key.Size-off)]
		if err := readFull(from, data, off); err != nil {
			return nil, err
		}
		_, _ = whole.Write(data)
		sums = append(sums, crc32.ChecksumIEEE(data))
	}
	if whole.Sum32() != key.CRC32 {
		return nil, fmt.Errorf("%w: %s/%s: checksum is %08x, not %08x", ErrOffered, key.DataSet, key.Path, whole.Sum32(), key.CRC32)
	}
	return sums, nil
}

// putBlock keeps one block, unless it is here or on its way already. It says whether another one may have room.
func (s *Store) putBlock(key Key, n int64, sum uint32, from io.ReaderAt) (more bool, err error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return false, errClosed
	}
	if c := s.contents[key]; c != nil && c.blocks[n] != nil {
		s.mu.Unlock()
		return true, nil
	}
	// It is not in a block yet, so that readers who want the same bytes meanwhile do not depend on it.
	buf := s.budget.take(int(min(BlockSize, key.Size-n*BlockSize)))
	s.mu.Unlock()
	if buf == nil {
		return false, nil // all memory is in use this moment
	}

	err = readFull(from, buf.data, n*BlockSize)
	if err == nil && crc32.ChecksumIEEE(buf.data) != sum {
		err = fmt.Errorf("%w: %s/%s: block %d has changed", ErrOffered, key.DataSet, key.Path, n)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.contents[key]
	if err != nil || s.closed || c != nil && c.blocks[n] != nil {
		s.budget.release(buf)
		return err == nil && !s.closed, err
	}
	if c == nil {
		c = newContent(s, key)
		s.contents[key] = c
	}
	b := c.add(n)
	b.buf = buf
	c.complete(b, nil)
	return true, nil
}

func readFull(from io.ReaderAt, p []byte, off int64) error {
	n, err := from.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: it ends after %d bytes", ErrOffered, off+int64(n))
	}
	return err
}
