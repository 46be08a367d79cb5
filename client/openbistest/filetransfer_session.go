package openbistest

import (
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
)

// transfers are the download sessions of a data store server. They live in memory and have no timeout.
type transfers struct {
	ds   *dataStoreServer
	mu   sync.Mutex
	byID map[string]*transfer
}

// transfer is a download session (openBIS source, DownloadServerDownload.java).
type transfer struct {
	id     string
	token  string // of the user session that started it
	ranges []itemRange
	pieces pieces

	mu      sync.Mutex
	queue   []int32
	queued  map[int32]bool
	streams map[string]*transferStream // nil: not used yet
	order   []string
}

// itemRange says which chunks an item consists of.
type itemRange struct {
	item        string
	first, last int32
}

// transferStream is one download call of a stream.
type transferStream struct{ closed bool }

func (ts *transfers) init(ds *dataStoreServer) {
	ts.ds = ds
	ts.byID = make(map[string]*transfer)
}

// accessibleItems drops the items of data sets that the session may not see, or that do not exist.
func (ds *dataStoreServer) accessibleItems(token string, items []string) []string {
	var kept []string
	for _, item := range items {
		code, _, _ := strings.Cut(item, "/")
		if ds.mayAccess(token, code) {
			kept = append(kept, item)
		}
	}
	return kept
}

// start opens a download session. The caller holds the lab's lock.
func (ts *transfers) start(token string, items []string, wish *int32) (*transfer, error) {
	if wish != nil && *wish <= 0 {
		return nil, illegalArgument("Wished number of streams must be > 0")
	}
	if len(items) == 0 {
		return nil, illegalArgument("Item ids cannot be null or empty")
	}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.cleanUp()
	allowed := (ts.ds.s.opts.MaxStreams - ts.inUse()) / 2
	if wish != nil && int(*wish) < allowed {
		allowed = int(*wish)
	}
	if allowed <= 0 {
		return nil, downloadFailure("DownloadException", true,
			"Download server cannot provide any download streams at the moment. Please try again later.")
	}
	t := &transfer{id: newUUID(), token: token, queued: make(map[int32]bool), streams: make(map[string]*transferStream)}
	if err := t.cut(ts.ds, items); err != nil {
		return nil, err
	}
	for range allowed {
		id := newUUID()
		t.streams[id] = nil
		t.order = append(t.order, id)
	}
	ts.byID[t.id] = t
	return t, nil
}

// cut cuts the items into chunks.
func (t *transfer) cut(ds *dataStoreServer, items []string) error {
	byItem := make(map[string]itemRange)
	var names []string
	for _, item := range items {
		code, path, ok := strings.Cut(item, "/")
		c, err := ds.open(code)
		if err != nil {
			return err
		}
		if !ok {
			return newException("java.lang.ArrayIndexOutOfBoundsException", "Index 1 out of bounds for length 1")
		}
		n, err := c.node(path)
		if err != nil {
			return err
		}
		first := t.pieces.next
		if err := t.pieces.add(item, n); err != nil {
			return err
		}
		if _, again := byItem[item]; !again {
			names = append(names, item)
		} else {
			t.pieces.forget(item, first) // the later chunks replace the earlier ones
		}
		byItem[item] = itemRange{item, first, t.pieces.next - 1}
	}
	for _, item := range items {
		if r := byItem[item]; r.last < r.first {
			return illegalArgument("Chunks for item id: DownloadItemId[id=%s] were null or empty.", item)
		}
	}
	for _, name := range javaHashOrder(names) {
		t.ranges = append(t.ranges, byItem[name])
	}
	return nil
}

// inUse counts the streams that have begun a download and whose session is not finished.
func (ts *transfers) inUse() int {
	n := 0
	for _, t := range ts.byID {
		t.mu.Lock()
		for _, s := range t.streams {
			if s != nil {
				n++
			}
		}
		t.mu.Unlock()
	}
	return n
}

// cleanUp finishes the download sessions whose user session is over, which the application server tells the data stores.
func (ts *transfers) cleanUp() {
	for id, t := range ts.byID {
		if active, err := ts.ds.s.sessions.isActive(t.token); err == nil && !active && !ts.ds.s.dss.isLost(t.token) {
			delete(ts.byID, id)
			t.close()
		}
	}
}

func (ts *transfers) find(id string) (*transfer, error) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.byID[id]
	if t == nil {
		return nil, downloadFailure("InvalidDownloadSessionException", false, "Invalid download session id: DownloadSessionId[id=%s]", id)
	}
	return t, nil
}

func (ts *transfers) finish(id string) {
	ts.mu.Lock()
	t := ts.byID[id]
	delete(ts.byID, id)
	ts.mu.Unlock()
	if t != nil {
		t.close()
	}
}

func (t *transfer) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.streams {
		if s != nil {
			s.closed = true
		}
	}
}

// offer puts chunks into the queue. One that is in it already is not added again; at an unknown one the call fails, and
// what came before it stays.
func (t *transfer) offer(ranges []chunkRange) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range ranges {
		for n := int64(r.first); n <= int64(r.last); n++ {
			seq := int32(n)
			if !t.pieces.has(seq) {
				return illegalArgument("Unknown chunk with sequence number: %d", seq)
			}
			if !t.queued[seq] {
				t.queued[seq] = true
				t.queue = append(t.queue, seq)
			}
		}
	}
	return nil
}

// openStream begins a download call. An earlier call of the same stream ends.
func (t *transfer) openStream(id string) (*transferStream, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	previous, ok := t.streams[id]
	if !ok {
		return nil, downloadFailure("InvalidDownloadStreamException", false, "Invalid download stream: DownloadStreamId[id=%s]", id)
	}
	if previous != nil {
		previous.closed = true
	}
	t.streams[id] = new(transferStream)
	return t.streams[id], nil
}

// poll takes the next chunk from the queue. A chunk that was taken may be queued again.
func (t *transfer) poll(s *transferStream) (chunk, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.closed || len(t.queue) == 0 {
		return chunk{}, false
	}
	seq := t.queue[0]
	t.queue = t.queue[1:]
	delete(t.queued, seq)
	return t.pieces.chunk(seq), true
}

// describe is the answer to startDownloadSession, as Jackson's default pretty printer lays it out.
func (t *transfer) describe() string {
	var b strings.Builder
	b.WriteString("{\n  \"downloadSessionId\" : \"" + t.id + "\",\n  \"ranges\" : {")
	for i, r := range t.ranges {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, "\n    %s : \"%d:%d\"", appendJSONString(nil, r.item), r.first, r.last)
	}
	b.WriteString("\n  },\n  \"streamIds\" : [ \"" + strings.Join(t.order, "\", \"") + "\" ]\n}")
	return b.String()
}

// newUUID returns a random UUID, version 4.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
