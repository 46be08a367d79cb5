package openbistest

// Folder returns a folder of a Dataset's file tree.
func Folder(name string, children ...*Node) *Node {
	return &Node{Name: name, Children: children}
}

// File returns a file of a Dataset's file tree.
func File(name string, content Content) *Node {
	return &Node{Name: name, Content: content}
}

// Root returns the root of a Dataset's file tree.
func Root(children ...*Node) *Node { return Folder("", children...) }

// Original returns the root of a Dataset as the default storage processor leaves it: everything is in the folder
// "original", which has one entry only (openBIS source, DefaultStorageProcessor.java).
func Original(entry *Node) *Node { return Root(Folder("original", entry)) }

// TotalSize returns the bytes of all files at and below n. A ".h5ar" container counts with its raw size.
func (n *Node) TotalSize() int64 {
	if n.Content != nil {
		return n.Content.Size()
	}
	var sum int64
	for _, c := range n.Children {
		sum += c.TotalSize()
	}
	return sum
}

// Walk calls visit for every node below n, folders before what is in them, with the path from n, "/"-separated.
func (n *Node) Walk(visit func(path string, n *Node)) {
	n.walk("", visit)
}

func (n *Node) walk(prefix string, visit func(string, *Node)) {
	for _, c := range n.Children {
		visit(prefix+c.Name, c)
		c.walk(prefix+c.Name+"/", visit)
	}
}
