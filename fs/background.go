package fs

import "sync"

// tasks are goroutines that end with the mount. They run on the context of the
// mount's life.
type tasks struct {
	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

// Go starts f, unless the mount has ended.
func (t *tasks) Go(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.wg.Go(f)
	}
}

// end waits for all that run, and lets nobody start another.
func (t *tasks) end() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.wg.Wait()
}
