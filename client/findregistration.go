package client

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FindRegistration looks for the Dataset that an attempt of this plan has registered. A chosen permId is looked up; the
// server takes it once, so that "not found" means that another attempt is safe. Otherwise a Dataset is searched that has the
// same owner, type, registrator and files and was registered after the plan was made; then an attempt that is still
// running may yet register it.
func (c *Client) FindRegistration(ctx context.Context, plan Plan, ds *NewDataSet) (permID string, found bool, err error) {
	if plan.PermID == "" {
		done, err := c.registrations.queue(ctx, ds.place())
		if err != nil {
			return "", false, &Error{Op: "registration", Subject: ds.Name, Err: err}
		}
		defer done()
		return c.searchRegistration(ctx, plan, ds)
	}
	all, err := c.GetDataSets(ctx, plan.PermID)
	if err != nil || all[plan.PermID] == nil {
		return "", false, err
	}
	return plan.PermID, true, nil
}

// searchRegistration searches the Dataset. When several match, it is the first that no other registration has found.
func (c *Client) searchRegistration(ctx context.Context, plan Plan, ds *NewDataSet) (permID string, found bool, err error) {
	criteria, err := c.ownerCriteria(ctx, ds)
	if err != nil {
		if errors.Is(err, ErrNotFound) {
			return "", false, nil // without its owner it cannot be
		}
		return "", false, err
	}
	me, err := c.Instance(ctx)
	if err != nil {
		return "", false, err
	}
	criteria = append(criteria, TypeCode(ds.Type), RegisteredSince(plan.earliest()))
	var candidates []*DataSet
	for d, err := range c.SearchDataSets(ctx, criteria...) {
		if err != nil {
			return "", false, err
		}
		if d.Kind == Physical && (d.DataStore == "" || d.DataStore == plan.DataStore) && registeredBy(me.User, d) && laterPermID(d.PermID, plan.After) {
			candidates = append(candidates, d)
		}
	}
	slices.SortFunc(candidates, func(a, b *DataSet) int { return a.Registered.Compare(b.Registered) })
	for _, d := range candidates {
		if c.registrations.claimedByOther(d.PermID, plan.UploadID) {
			continue
		}
		files, err := c.Files(ctx, d)
		if errors.Is(err, ErrNotFound) || errors.Is(err, ErrForbidden) || errors.Is(err, ErrArchived) {
			continue // it has gone meanwhile, or is too old
		}
		if err != nil {
			return "", false, err
		}
		if contentMatches(ds, files, plan.Route == JupyterUploader) && c.registrations.claim(d.PermID, plan.UploadID) {
			return d.PermID, true, nil
		}
	}
	return "", false, nil
}

// ownerCriteria are the criteria for what belongs to the owner itself.
func (c *Client) ownerCriteria(ctx context.Context, ds *NewDataSet) ([]Criterion, error) {
	object, collection := ds.Object, ds.Collection
	missing := &Error{Op: "registration", Err: ErrNotFound, Message: "the owner does not exist"}
	switch {
	case object != "" || ds.ObjectIdentifier == "" && collection != "":
	case ds.ObjectIdentifier != "":
		found, err := getAll(ctx, c, "getSamples", []string{ds.ObjectIdentifier}, idOf(sampleEntity), fetchObjectRef(), decodeObjectRef)
		if err != nil {
			return nil, err
		}
		if object = found[ds.ObjectIdentifier].PermID; object == "" {
			return nil, missing
		}
	default:
		found, err := c.GetCollections(ctx, ds.CollectionIdentifier)
		if err != nil {
			return nil, err
		}
		owner := found[ds.CollectionIdentifier]
		if owner == nil {
			return nil, missing
		}
		collection = owner.PermID
	}
	if object != "" {
		return []Criterion{OfObject(object)}, nil
	}
	return []Criterion{InCollection(collection), NoObject()}, nil
}

// registeredBy tells whether a Dataset may have been registered for the user. A dropbox that does not care registers as the
// data store.
func registeredBy(me *Person, d *DataSet) bool {
	if me == nil || d.Registrator == nil {
		return true
	}
	switch d.Registrator.UserID {
	case me.UserID, "etlserver", "system":
		return true
	}
	return false
}

// earliest is a time before which nothing of the plan was registered. A permId has the date by the clock that dates
// registrations too, but as local time of nobody knows where; that is near enough, since what counts is its number.
func (p Plan) earliest() time.Time {
	const zones = 15 * time.Hour // no place is farther ahead of UTC
	if _, ok := permIDNumber(p.After); ok {
		date, _, _ := strings.Cut(p.After, "-")
		if drawn, err := time.Parse("20060102150405", date[:14]); err == nil {
			return drawn.Add(-zones)
		}
	}
	return p.Since
}

// laterPermID tells whether a permId was drawn after another one. The server draws them from one sequence, whose number is
// after the dash (openBIS source, PermIdDAO.java); of anything else nothing can be said.
func laterPermID(id, mark string) bool {
	a, okA := permIDNumber(id)
	b, okB := permIDNumber(mark)
	return !okA || !okB || a > b
}

func permIDNumber(id string) (int64, bool) {
	date, number, _ := strings.Cut(id, "-")
	if len(date) != len("20060102150405000") || strings.Trim(date, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(number, 10, 64)
	return n, err == nil
}

// contentMatches tells whether a listing is that of ds: the same paths below some folder that the route has put around them,
// sizes, and checksums where the server has them. With more, other files may be there too.
func contentMatches(ds *NewDataSet, listing []File, more bool) bool {
	nodes := make(map[string]File, len(listing))
	files := 0
	for _, f := range listing {
		nodes[f.Path] = f
		if !f.Directory {
			files++
		}
	}
	wanted := make(map[string]NewFile, len(ds.Files))
	for _, f := range ds.Files {
		wanted[ds.pathOf(f)] = f
	}
	if len(wanted) == 0 {
		_, ok := wrapper(ds.Name, listing, nil)
		return ok && files == 0
	}
	first := ds.pathOf(ds.Files[0])
	prefix, ok := wrapper(first, listing, func(prefix string) bool {
		for path, f := range wanted {
			n, ok := nodes[prefix+path]
			switch {
			case !ok:
				return false
			case n.Directory: // a container such as .h5ar, whose members are listed
				if !isContainer(n.Path) {
					return false
				}
			case n.Size != f.Size || n.HasCRC32 && n.CRC32 != f.CRC32:
				return false
			}
		}
		return true
	})
	if !ok || more {
		return ok
	}
	for _, f := range listing {
		if f.Directory {
			continue
		}
		path, ok := strings.CutPrefix(f.Path, prefix)
		if _, is := wanted[path]; !ok || !is && !inContainer(wanted, path) {
			return false
		}
	}
	return true
}

// wrapper finds a folder around a path for which the rest is right too.
func wrapper(path string, listing []File, right func(prefix string) bool) (prefix string, ok bool) {
	for _, f := range listing {
		prefix, ok := strings.CutSuffix(f.Path, path)
		if ok && (prefix == "" || strings.HasSuffix(prefix, "/")) && (right == nil || right(prefix)) {
			return prefix, true
		}
	}
	return "", false
}

// isContainer tells whether a listed folder can be a file that the server shows as one.
func isContainer(path string) bool {
	name := strings.ToLower(path)
	return strings.HasSuffix(name, ".h5ar") || strings.HasSuffix(name, ".h5") || strings.HasSuffix(name, ".hdf5")
}

// inContainer tells whether a path is below one of the files.
func inContainer(wanted map[string]NewFile, path string) bool {
	for i := strings.IndexByte(path, '/'); i >= 0; {
		if _, ok := wanted[path[:i]]; ok {
			return true
		}
		next := strings.IndexByte(path[i+1:], '/')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return false
}
