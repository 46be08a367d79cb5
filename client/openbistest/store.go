package openbistest

import "sync"

// store gives the lab's entities by their ids and by what they belong to.
type store struct {
	mu sync.RWMutex
}

func newStore(lab *Lab) *store {
	st := new(store)
	st.index(lab)
	return st
}

// lock takes the lock that a method needs and returns the function that gives it back.
func (st *store) lock(writes bool) func() {
	if writes {
		st.mu.Lock()
		return st.mu.Unlock
	}
	st.mu.RLock()
	return st.mu.RUnlock
}

func (st *store) index(lab *Lab) {}
