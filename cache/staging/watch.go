package staging

// Watch has f called with each draft that another process has made, that has become registered, whoever did it, or that
// is gone. f is called from goroutines of the Store and of its callers, before those who wait for the draft are told. It
// must not wait, and must not change the draft. There is one f; another takes its place.
func (s *Store) Watch(f func(*Draft)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watch = f
}

// report tells the watcher what a new record means, if it means something to it.
func (d *Draft) report(before, now *record) {
	gone := now.State == Released || now.State == Discarded
	if before == nil || before.State == now.State || !gone && before.State.onServer() == now.State.onServer() {
		return
	}
	d.store.tellWatcher(d)
}

func (s *Store) tellWatcher(d *Draft) {
	s.mu.Lock()
	f := s.watch
	s.mu.Unlock()
	if f != nil {
		f(d)
	}
}
