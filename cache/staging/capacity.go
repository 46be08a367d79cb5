package staging

import "sync"

// budget counts the bytes of all staged files against the capacity.
type budget struct {
	mu       sync.Mutex
	capacity int64 // 0: no limit
	used     int64
}

// reserve adds n bytes, or none and fails with [ErrFull]. A negative n gives bytes back.
func (b *budget) reserve(n int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > 0 && b.capacity > 0 && b.used+n > b.capacity {
		return ErrFull
	}
	b.used += n
	return nil
}

// count adds n bytes that are on disk already, whatever the capacity is.
func (b *budget) count(n int64) {
	b.mu.Lock()
	b.used += n
	b.mu.Unlock()
}

func (b *budget) state() (used, capacity int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used, b.capacity
}

// Usage returns the bytes of all staged files and the capacity, which is 0 when there is no limit. Files count with
// their apparent size. What other processes stage is seen at the next scan.
func (s *Store) Usage() (used, capacity int64) { return s.budget.state() }

// Reserve counts n more bytes of the draft's content before they are written, and fails with [ErrFull], an ENOSPC, if
// the capacity does not allow them; a negative n gives bytes back. [File] does this by itself: Reserve is for who
// changes files below [Draft.Root] in another way. Sealing counts anew.
func (d *Draft) Reserve(n int64) error {
	if err := d.store.budget.reserve(n); err != nil {
		return err
	}
	d.mu.Lock()
	d.bytes += n
	d.mu.Unlock()
	return nil
}

// setBytes replaces what the draft counts for.
func (d *Draft) setBytes(n int64) {
	d.mu.Lock()
	grown := n - d.bytes
	d.bytes = n
	d.mu.Unlock()
	d.store.budget.count(grown)
}
