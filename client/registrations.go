package client

import (
	"context"
	"sync"
)

// registrations is what the client knows of registrations beyond their plans. All of it may be lost.
type registrations struct {
	offers offers

	mu      sync.Mutex
	uploads map[string]*upload // by upload id
	claimed map[string]string  // upload ids by permId of what they have become
	lacking map[string]bool    // data stores without createUploadedDataSet
	jupyter map[string]jupyterGeneration
	queues  map[string]chan struct{} // of registrations that must not overlap
	slice   int64                    // size of slices, 0 while that is maxSlice
}

// upload returns what is known of an upload.
func (r *registrations) upload(id string) *upload {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.uploads[id]
	if u == nil {
		u = &upload{turn: make(chan struct{}, 1)}
		if r.uploads == nil {
			r.uploads = make(map[string]*upload)
		}
		r.uploads[id] = u
	}
	return u
}

// drop forgets an upload.
func (r *registrations) drop(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.uploads, id)
}

// claim notes what an upload has become, and tells whether that was still free: two saves of the same file in the same place
// look alike, and each has its own Dataset.
func (r *registrations) claim(permID, uploadID string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if owner, ok := r.claimed[permID]; ok {
		return owner == uploadID
	}
	if r.claimed == nil {
		r.claimed = make(map[string]string)
	}
	r.claimed[permID] = uploadID
	return true
}

// claimedByOther tells whether another upload has become this Dataset.
func (r *registrations) claimedByOther(permID, uploadID string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	owner, ok := r.claimed[permID]
	return ok && owner != uploadID
}

// queue waits for the turn among registrations that must not overlap. It returns what ends the turn.
func (r *registrations) queue(ctx context.Context, name string) (done func(), err error) {
	r.mu.Lock()
	q := r.queues[name]
	if q == nil {
		q = make(chan struct{}, 1)
		if r.queues == nil {
			r.queues = make(map[string]chan struct{})
		}
		r.queues[name] = q
	}
	r.mu.Unlock()
	select {
	case q <- struct{}{}:
		return func() { <-q }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// sliceSize is how much one request brings.
func (r *registrations) sliceSize() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.slice == 0 {
		return maxSlice
	}
	return r.slice
}

// shrinkSlices makes slices smaller, if they can be.
func (r *registrations) shrinkSlices() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.slice == 0 {
		r.slice = maxSlice
	}
	if r.slice <= minSlice {
		return false
	}
	r.slice /= 2
	return true
}

// lacksUpload tells whether a data store is known to have no createUploadedDataSet.
func (r *registrations) lacksUpload(store string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lacking[store]
}

func (r *registrations) noteLacksUpload(store string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lacking == nil {
		r.lacking = make(map[string]bool)
	}
	r.lacking[store] = true
}

// generation is what is known of a data store's jupyter-uploader-api.
func (r *registrations) generation(service string) jupyterGeneration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.jupyter[service]
}

func (r *registrations) noteGeneration(service string, g jupyterGeneration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.jupyter == nil {
		r.jupyter = make(map[string]jupyterGeneration)
	}
	r.jupyter[service] = g
}
