package openbistest

import (
	"strings"
)

// content is what the content layer of a data store server shows of a data set (openBIS source, HierarchicalContentProvider.java):
// of a container the united contents of its components.
type content struct {
	ds      *dataStoreServer
	code    string
	virtual bool // of a container
	root    *contentNode
}

// contentNode is a file or folder of a content. Folders of a container unite several nodes of the lab.
type contentNode struct {
	content *content
	path    string // from the root, "" for the root
	layers  []layer
}

// layer is one node of the lab behind a contentNode; the first one counts.
type layer struct {
	set    *DataSet
	node   *Node
	member bool // inside of a .h5ar container
}

// open returns the content of a data set. The caller holds the lab's lock.
func (ds *dataStoreServer) open(code string) (*content, error) {
	set := ds.s.store.dataSet(code)
	if set == nil || ds.s.dss.of(set) != ds {
		return nil, illegalArgument("Unknown data set: %s", code)
	}
	c := &content{ds: ds, code: code, virtual: set.Kind == "CONTAINER"}
	layers, err := ds.layers(set)
	if err != nil {
		return nil, err
	}
	c.root = &contentNode{content: c, layers: layers}
	return c, nil
}

// layers returns the roots of what a data set consists of, the last component first, for it wins. Components that cannot be opened
// are left out, openBIS source, VirtualHierarchicalContent.java.
func (ds *dataStoreServer) layers(set *DataSet) ([]layer, error) {
	if set.Kind != "CONTAINER" {
		if set.Root == nil || (ds.store.NoPathInfo && set.unavailable()) {
			return nil, illegalArgument("%s doesn't exist", storePath(set))
		}
		return []layer{{set: set, node: set.Root}}, nil
	}
	var all []layer
	for _, component := range set.Components {
		layers, err := ds.layers(component)
		if err == nil {
			all = append(layers, all...)
		}
	}
	if len(all) == 0 {
		return nil, illegalArgument("Undefined contents")
	}
	return all, nil
}

// unavailable tells whether the bytes of the data set are not in the store.
func (d *DataSet) unavailable() bool {
	if d.Kind == "LINK" {
		return true
	}
	return d.Physical != nil && (d.Physical.Status == "ARCHIVED" || d.Physical.Status == "UNARCHIVE_PENDING")
}

// storePath is the directory of a data set on the server.
func storePath(set *DataSet) string {
	share, location := "1", set.PermID
	if set.Physical != nil && set.Physical.Location != "" {
		location = set.Physical.Location
		if set.Physical.ShareID != "" {
			share = set.Physical.ShareID
		}
	}
	return "/srv/openbis/dss/store/" + share + "/" + location
}

// node returns the node of a path. With a path-info database the path is a key, in which only repeated slashes count as one;
// without, it is the path of a file on disk.
func (c *content) node(path string) (*contentNode, error) {
	missing := func() error {
		if c.virtual {
			return illegalArgument("Resource '%s' doesn't exist.", path)
		}
		return illegalArgument("Resource '%s' does not exist.", path)
	}
	if strings.TrimSpace(path) == "" {
		return c.root, nil
	}
	clean := path
	for strings.Contains(clean, "//") {
		clean = strings.ReplaceAll(clean, "//", "/")
	}
	if c.ds.store.NoPathInfo {
		clean = strings.Trim(clean, "/")
	}
	n := c.root
	for name := range strings.SplitSeq(clean, "/") {
		n = n.child(name)
		if n == nil {
			return nil, missing()
		}
	}
	return n, nil
}

func (n *contentNode) name() string { return n.layers[0].node.Name }

func (n *contentNode) isFolder() bool { return n.layers[0].node.IsFolder() }

// isArchive tells whether the node is a .h5ar container, shown as a folder.
func (n *contentNode) isArchive() bool { return n.layers[0].node.HDF5Archive }

// onDisk tells whether the node is a file of the store's file system and not a member of a .h5ar container.
func (n *contentNode) onDisk() bool { return !n.source().member }

// crc returns the checksum that listings show.
func (n *contentNode) crc() (sum uint32, known bool) {
	l := n.source()
	if n.isFolder() || l.node.NoCRC || n.content.ds.store.NoPathInfo || n.content.ds.s.now().Before(l.set.fed) {
		return 0, false
	}
	return l.node.Content.CRC32(), true
}

// size returns the bytes of a file, or of all files in a folder.
func (n *contentNode) size() int64 {
	if !n.isFolder() {
		return n.source().node.Content.Size()
	}
	var sum int64
	for _, l := range n.layers {
		sum += l.node.TotalSize()
	}
	return sum
}

// source returns the node whose bytes count: the first one that is in the store, else the first.
func (n *contentNode) source() layer {
	for _, l := range n.layers {
		if !l.set.unavailable() && !l.node.Gone {
			return l
		}
	}
	return n.layers[0]
}

// bytes returns what reading the file gives.
func (n *contentNode) bytes() (Content, error) {
	l := n.source()
	if l.set.unavailable() || l.node.Gone {
		if n.content.virtual {
			return nil, newException("java.lang.IllegalStateException", "Resource is currently unavailable. It might be in an archive.")
		}
		return nil, illegalArgument("Resource '%s' is currently unavailable. It might be archived.", n.path)
	}
	return l.node.Content, nil
}

// isGone tells whether the node is in a listing but not on disk, where the content layer can tell: in a container.
func (n *contentNode) isGone() bool { return n.content.virtual && n.source().node.Gone }

// child returns the child of that name, nil when there is none.
func (n *contentNode) child(name string) *contentNode {
	var layers []layer
	for _, l := range n.layers {
		for _, c := range l.node.Children {
			if c.Name == name {
				layers = append(layers, l.below(c))
				break
			}
		}
	}
	if name == "" || len(layers) == 0 {
		return nil
	}
	return n.with(layers)
}

func (l layer) below(c *Node) layer {
	return layer{set: l.set, node: c, member: l.member || l.node.HDF5Archive}
}

func (n *contentNode) with(layers []layer) *contentNode {
	path := layers[0].node.Name
	if n.path != "" {
		path = n.path + "/" + path
	}
	return &contentNode{content: n.content, path: path, layers: layers}
}

// children returns what is in a folder, in the order of the content layer: by name when it is read from disk, in no particular
// order when it comes from the path-info database.
func (n *contentNode) children() []*contentNode {
	var nodes []*contentNode
	if len(n.layers) == 1 {
		l := n.layers[0]
		nodes = make([]*contentNode, 0, len(l.node.Children))
		for _, c := range l.node.Children {
			nodes = append(nodes, n.with([]layer{l.below(c)}))
		}
	} else {
		nodes = n.unite()
	}
	n.content.ds.order(nodes)
	return nodes
}

// unite merges the children of several folders by their names, in the order in which the names first come up.
func (n *contentNode) unite() []*contentNode {
	var names []string
	byName := make(map[string][]layer)
	for i := len(n.layers) - 1; i >= 0; i-- {
		l := n.layers[i]
		for _, c := range l.node.Children {
			if byName[c.Name] == nil {
				names = append(names, c.Name)
			}
			byName[c.Name] = append([]layer{l.below(c)}, byName[c.Name]...)
		}
	}
	nodes := make([]*contentNode, len(names))
	for i, name := range names {
		nodes[i] = n.with(byName[name])
	}
	return nodes
}

// walk visits everything below n, folders before what is in them.
func (n *contentNode) walk(visit func(*contentNode)) {
	if !n.isFolder() {
		return
	}
	for _, c := range n.children() {
		visit(c)
		c.walk(visit)
	}
}
