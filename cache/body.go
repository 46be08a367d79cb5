package cache

import (
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"time"
)

func (st *stream) open(remote Remote, offset int64) error {
	st.watch = time.AfterFunc(st.content.store.opts.BlockTimeout, func() { st.cancel(errStalled) })
	body, start, err := remote.Stream(st.ctx, offset)
	st.watch.Stop()
	if err != nil {
		return err
	}
	st.body, st.start, st.pos = body, start, start
	if start < 0 || start > offset {
		st.close()
		return fmt.Errorf("stream begins at %d, after %d", start, offset)
	}
	s := st.content.store
	s.mu.Lock()
	st.at = (start + BlockSize - 1) / BlockSize
	s.mu.Unlock()
	return st.discard(st.at*BlockSize - start)
}

func (st *stream) close() {
	if err := st.body.Close(); err != nil {
		st.content.log(slog.LevelDebug, "closing a stream", err)
	}
}

// pass reads one block into b, or past it if b is nil. With the last block it
// makes sure that the body ends there.
func (st *stream) pass(b *block) error {
	c, s := st.content, st.content.store
	if b == nil {
		if err := st.discard(min(BlockSize, c.key.Size-st.pos)); err != nil {
			return err
		}
		if st.pos == c.key.Size {
			return st.expectEnd()
		}
		return nil
	}
	data := b.buf.data
	last := b.n == c.total-1
	for filled := 0; filled < len(data); {
		n, err := st.read(data[filled:])
		if err != nil {
			return unexpected(err)
		}
		filled += n
		if !last && filled < len(data) {
			s.mu.Lock()
			b.publish(filled)
			s.mu.Unlock()
		}
	}
	if last {
		if err := st.expectEnd(); err != nil {
			return err
		}
		if err := c.check(data); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.level != nil && c.level.ledger != nil {
		s.mu.Unlock()
		sum := crc32.ChecksumIEEE(data)
		s.mu.Lock()
		st.sums[b.n] = sum
	}
	st.block = nil
	if last && st.start == 0 {
		for n, sum := range st.sums {
			c.vouch(n, sum) // the checksum of the content was right
		}
		c.reside(b, nil)
	} else {
		c.reside(b, st)
	}
	if c.total > 1 {
		c.keep(b, st) // the last one, too, belongs to the part
	} else {
		c.keep(b, nil)
	}
	return nil
}

func (st *stream) discard(n int64) error {
	for n > 0 {
		if st.scratch == nil {
			st.scratch = make([]byte, 128<<10)
		}
		k, err := st.read(st.scratch[:min(n, int64(len(st.scratch)))])
		if err != nil {
			return unexpected(err)
		}
		n -= int64(k)
	}
	return nil
}

// expectEnd reads the end of the body, which comes when its checksum is right.
func (st *stream) expectEnd() error {
	var more [1]byte
	switch _, err := st.read(more[:]); err {
	case io.EOF: //nolint:errorlint // a wrapped io.EOF is a failure, not the end
		return nil
	case nil:
		return errLength
	default:
		return err
	}
}

// read reads at least a byte, and returns a plain io.EOF at the end of the body.
// Half of the time that a block may take leaves the other half for another
// attempt.
func (st *stream) read(p []byte) (int, error) {
	s := st.content.store
	for range 100 {
		if st.err != nil {
			return 0, st.err
		}
		var n int
		st.watch.Reset(s.opts.BlockTimeout / 2)
		n, st.err = st.body.Read(p)
		st.watch.Stop()
		if n > 0 {
			st.pos += int64(n)
			s.mu.Lock()
			st.content.received(n)
			s.mu.Unlock()
			return n, nil
		}
	}
	return 0, io.ErrNoProgress
}
