package meta

import (
	"strings"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// The names that the tree adds.
const (
	documentName = ".meta.json"
	parentsName  = ".parents"
	childrenName = ".children"
)

// layout collects the entries of one directory.
type layout struct {
	tree     *Tree
	dir      *Entry
	asOf     time.Time
	entries  []*Entry
	siblings []sibling
	seen     map[id]bool
	packer   *packer
	weight   int  // bytes, beside the entries
	live     bool // the server was asked for it just now
}

func (t *Tree) newLayout(dir *Entry, asOf time.Time) *layout {
	return &layout{tree: t, dir: dir, asOf: asOf, seen: make(map[id]bool), packer: newPacker()}
}

// add adds an entry that is called label unless a sibling is, too.
func (l *layout) add(e *Entry, label string) {
	if l.seen[e.id] {
		l.tree.odd.note("the server lists something twice", l.dir.Path(), label)
		return
	}
	l.seen[e.id] = true
	e.label = label
	e.parent = l.dir
	e.Inode = inode(e.id, 0)
	s := sibling{name: label, code: label, permID: encodePermID(e.permID), kind: e.id.kind}
	l.entries = append(l.entries, e)
	l.siblings = append(l.siblings, s)
}

// addExtra adds an entry of the tree's own, unless there is one of that name.
// It comes after all others.
func (l *layout) addExtra(e *Entry) {
	e.parent = l.dir
	e.Inode = inode(e.id, 0)
	l.entries = append(l.entries, e)
}

func (l *layout) addSpace(s *client.Space) {
	l.add(&Entry{
		Type: Dir, ModTime: modified(s.Modified, s.Registered),
		id: id{kind: kindSpace, permID: s.PermID}, permID: s.PermID, entity: s, asOf: l.asOf,
	}, labelOf(s.Code, s.PermID))
}

func (l *layout) addProject(p *client.Project) {
	l.add(&Entry{
		Type: Dir, ModTime: modified(p.Modified, p.Registered),
		id: id{kind: kindProject, permID: p.PermID}, permID: p.PermID, entity: p, asOf: l.asOf,
	}, labelOf(p.Code, p.PermID))
}

func (l *layout) addCollection(c *client.Collection) {
	l.add(&Entry{
		Type: Dir, ModTime: modified(c.Modified, c.Registered),
		id: id{kind: kindCollection, permID: c.PermID}, permID: c.PermID, entity: c, asOf: l.asOf,
	}, labelOf(c.Code, c.PermID))
}

// addObjects adds Objects and returns their entries, without those that were there.
func (l *layout) addObjects(objects []*client.Object) []*Entry {
	from := len(l.entries)
	for i, p := range l.packer.pack(objects) {
		o := objects[i]
		l.add(&Entry{
			Type: Dir, ModTime: modified(o.Modified, o.Registered),
			id: id{kind: kindObject, permID: o.PermID}, permID: o.PermID, entity: p, asOf: l.asOf,
		}, objectLabel(o.Identifier, o.Code, o.PermID))
		l.weight += packedCost + len(p.data)
	}
	return l.entries[from:]
}

func (l *layout) addDataSet(ds *client.DataSet) {
	l.add(&Entry{
		Type: Dir, ModTime: modified(ds.Modified, ds.Registered), DataSet: ds,
		id: id{kind: kindDataSet, permID: ds.PermID}, permID: ds.PermID, entity: ds, asOf: l.asOf,
	}, encodePermID(ds.PermID))
}

// listing names the entries and returns the finished listing. It is called once.
func (l *layout) listing() *Listing {
	for i, name := range displayNames(l.siblings) {
		switch e := l.entries[i]; e.Name {
		case name:
		case "":
			e.Name = name
		default: // it has arrived somewhere under its old name
			renamed := *e
			renamed.Name = name
			l.entries[i] = &renamed
		}
	}
	listing, dropped := newListing(l.entries)
	for _, e := range dropped {
		if e.label != "" {
			l.tree.odd.note("an entry is hidden by another of its name", l.dir.Path(), e.Name)
		}
	}
	spill(listing.entries)
	return listing
}

// snapshot returns the finished listing as a snapshot that is believed from
// when it was asked for until the TTL is over, but for half the TTL from now on at
// least: a listing that takes longer than it is believed would do nobody any good.
func (l *layout) snapshot() *snapshot {
	s := &snapshot{dir: l.dir, listing: l.listing(), expires: l.tree.expiry(l.asOf)}
	if least := l.tree.clock().Add(max(l.tree.ttl, 0) / 2); least.After(s.expires) && l.live {
		s.expires = least
	}
	s.weight = l.weight + weigh(s.listing.entries)
	return s
}

// expiry returns until when something is believed that was asked for at asOf.
func (t *Tree) expiry(asOf time.Time) time.Time { return asOf.Add(max(t.ttl, 0)) }

// labelOf returns the encoded code of an entity. All entities have codes, but
// an answer without one must not end as an entry without a name.
func labelOf(code, permID string) string {
	if strings.TrimSpace(code) == "" {
		code = permID
	}
	if strings.TrimSpace(code) == "" {
		code = "?"
	}
	return encodeName(code)
}

// objectLabel returns the name of an Object among its siblings. The last part
// of the identifier of an Object in a container is "CONTAINER:CODE".
func objectLabel(identifier, code, permID string) string {
	last := identifier[strings.LastIndexByte(identifier, '/')+1:]
	if strings.HasSuffix(fold(last), ":"+fold(code)) {
		code = last
	}
	return labelOf(code, permID)
}

// maxPermID is more than the server allows; it leaves room for a name before it.
const maxPermID = 128

// encodePermID returns a permId as it appears in file names.
func encodePermID(permID string) string {
	encoded := labelOf(permID, "")
	if len(encoded) > maxPermID {
		return hash8(permID)
	}
	return encoded
}

// modified returns the modification date of what may never have been modified.
func modified(modified, registered time.Time) time.Time {
	if modified.IsZero() {
		return registered
	}
	return modified
}
