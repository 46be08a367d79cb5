package fs

import (
	"context"
	"strings"
	"syscall"

	fusefs "github.com/hanwen/go-fuse/v2/fs"
	"golang.org/x/sys/unix"

	"github.com/openbisfs/openbisfs/cache/staging"
	"github.com/openbisfs/openbisfs/meta"
)

// Extended attributes are what the listing knows of an entity anyway, so they cost no call of the server: programs such as
// ls and cp ask for those of every file.

var (
	_ fusefs.NodeGetxattrer  = (*node)(nil)
	_ fusefs.NodeListxattrer = (*node)(nil)
)

const (
	userNamespace = "user."
	// Limits of the kernel, in bytes: of a value, and of all names with a NUL behind each.
	maxAttribute     = 1 << 16
	maxAttributeList = 1 << 16
	maxAttributeName = 255
)

// Getxattr returns a value. Of namespaces other than user there is nothing, and saying that they are not supported keeps
// programs from asking again: access control lists and security labels.
func (n *node) Getxattr(_ context.Context, name string, dest []byte) (uint32, syscall.Errno) {
	if !strings.HasPrefix(name, userNamespace) {
		return 0, syscall.EOPNOTSUPP
	}
	e := n.entry.Load()
	if e == nil || !strings.HasPrefix(name, meta.AttributePrefix) {
		return 0, syscall.ENODATA
	}
	value, ok := e.Attribute(name)
	if !ok {
		return 0, syscall.ENODATA
	}
	return answerAttribute(dest, value)
}

// answerAttribute copies a value to dest, which is empty if only its length is wanted.
func answerAttribute(dest []byte, value string) (uint32, syscall.Errno) {
	switch {
	case len(value) > maxAttribute:
		return 0, syscall.E2BIG // .meta.json has it
	case len(dest) < len(value):
		return uint32(len(value)), syscall.ERANGE // go-fuse makes it a success if dest is empty
	}
	return uint32(copy(dest, value)), fusefs.OK
}

// Listxattr returns the names of what Getxattr can return.
func (n *node) Listxattr(_ context.Context, dest []byte) (uint32, syscall.Errno) {
	e := n.entry.Load()
	if e == nil {
		return 0, fusefs.OK
	}
	var names attributeNames
	for name, value := range e.Attributes() {
		if len(value) <= maxAttribute {
			names.add(name)
		}
	}
	return answerAttribute(dest, names.list.String())
}

// attributeNames is a list of names as the kernel has it.
type attributeNames struct{ list strings.Builder }

// add leaves out what the kernel can't take.
func (l *attributeNames) add(name string) {
	if len(name) <= maxAttributeName && l.list.Len()+len(name)+1 <= maxAttributeList {
		l.list.WriteString(name)
		l.list.WriteByte(0)
	}
}

// What is staged keeps the user's attributes as long as it is on local disk, because programs that copy expect it; openBIS
// has no place for them. Those of openBIS itself, which come along when a registered file is copied, are not kept.

var (
	_ fusefs.NodeGetxattrer    = (*draftFile)(nil)
	_ fusefs.NodeListxattrer   = (*draftFile)(nil)
	_ fusefs.NodeSetxattrer    = (*draftFile)(nil)
	_ fusefs.NodeRemovexattrer = (*draftFile)(nil)
	_ fusefs.NodeGetxattrer    = (*draftEntry)(nil)
	_ fusefs.NodeListxattrer   = (*draftEntry)(nil)
	_ fusefs.NodeSetxattrer    = (*draftEntry)(nil)
	_ fusefs.NodeRemovexattrer = (*draftEntry)(nil)
	_ fusefs.NodeGetxattrer    = (*metadataFile)(nil)
	_ fusefs.NodeSetxattrer    = (*metadataFile)(nil)
)

// permIDAttribute is what a staged name has of the Dataset that it became.
const permIDAttribute = meta.AttributePrefix + "permId"

// Getxattr returns a value.
func (n *draftFile) Getxattr(_ context.Context, name string, dest []byte) (uint32, syscall.Errno) {
	return n.getAttribute(n.draftNow().Root(), name, true, dest)
}

// Listxattr returns the names.
func (n *draftFile) Listxattr(_ context.Context, dest []byte) (uint32, syscall.Errno) {
	return n.listAttributes(n.draftNow().Root(), true, dest)
}

// Setxattr sets an attribute of what is not registered yet.
func (n *draftFile) Setxattr(_ context.Context, name string, value []byte, flags uint32) syscall.Errno {
	return n.setAttribute(n.draftNow().Root(), name, value, flags)
}

// Removexattr removes an attribute of what is not registered yet.
func (n *draftFile) Removexattr(_ context.Context, name string) syscall.Errno {
	return n.removeAttribute(n.draftNow().Root(), name)
}

// Getxattr returns a value.
func (n *draftEntry) Getxattr(_ context.Context, name string, dest []byte) (uint32, syscall.Errno) {
	_, file, err := n.local("")
	if err != nil {
		return 0, n.errno("getxattr", err)
	}
	return n.getAttribute(file, name, n.root, dest)
}

// Listxattr returns the names.
func (n *draftEntry) Listxattr(_ context.Context, dest []byte) (uint32, syscall.Errno) {
	_, file, err := n.local("")
	if err != nil {
		return 0, n.errno("listxattr", err)
	}
	return n.listAttributes(file, n.root, dest)
}

// Setxattr sets an attribute of what is not registered yet.
func (n *draftEntry) Setxattr(_ context.Context, name string, value []byte, flags uint32) syscall.Errno {
	_, file, err := n.local("")
	if err != nil {
		return n.errno("setxattr", err)
	}
	return n.setAttribute(file, name, value, flags)
}

// Removexattr removes an attribute of what is not registered yet.
func (n *draftEntry) Removexattr(_ context.Context, name string) syscall.Errno {
	_, file, err := n.local("")
	if err != nil {
		return n.errno("removexattr", err)
	}
	return n.removeAttribute(file, name)
}

// Getxattr says that a text which is made here has none.
func (n *metadataFile) Getxattr(context.Context, string, []byte) (uint32, syscall.Errno) {
	return 0, syscall.EOPNOTSUPP
}

// Setxattr refuses.
func (n *metadataFile) Setxattr(context.Context, string, []byte, uint32) syscall.Errno {
	return syscall.EOPNOTSUPP
}

// getAttribute answers for a local file; whole means that it is the draft itself.
func (s *staged) getAttribute(file, name string, whole bool, dest []byte) (uint32, syscall.Errno) {
	switch {
	case !strings.HasPrefix(name, userNamespace):
		return 0, syscall.EOPNOTSUPP
	case strings.HasPrefix(name, meta.AttributePrefix):
		if permID := s.draftNow().PermID(); whole && name == permIDAttribute && permID != "" {
			return answerAttribute(dest, permID)
		}
		return 0, syscall.ENODATA
	}
	size, err := unix.Lgetxattr(file, name, dest)
	return uint32(max(size, 0)), localAttributeErrno(err)
}

func (s *staged) listAttributes(file string, whole bool, dest []byte) (uint32, syscall.Errno) {
	var names attributeNames
	if whole && s.draftNow().PermID() != "" {
		names.add(permIDAttribute)
	}
	local := make([]byte, maxAttributeList)
	if size, err := unix.Llistxattr(file, local); err == nil {
		for name := range strings.SplitSeq(string(local[:size]), "\x00") {
			if strings.HasPrefix(name, userNamespace) && !strings.HasPrefix(name, meta.AttributePrefix) {
				names.add(name)
			}
		}
	}
	return answerAttribute(dest, names.list.String())
}

func (s *staged) setAttribute(file, name string, value []byte, flags uint32) syscall.Errno {
	switch {
	case !strings.HasPrefix(name, userNamespace):
		return syscall.EOPNOTSUPP
	case strings.HasPrefix(name, meta.AttributePrefix), s.done():
		return fusefs.OK
	}
	return localAttributeErrno(unix.Lsetxattr(file, name, value, int(flags)))
}

func (s *staged) removeAttribute(file, name string) syscall.Errno {
	switch {
	case !strings.HasPrefix(name, userNamespace):
		return syscall.EOPNOTSUPP
	case strings.HasPrefix(name, meta.AttributePrefix):
		return syscall.ENODATA
	case s.done():
		return fusefs.OK
	}
	return localAttributeErrno(unix.Lremovexattr(file, name))
}

// done tells whether what is staged is not to be changed any more. Programs that set something late mean no harm.
func (s *staged) done() bool { return s.draftNow().State() != staging.Opened }

// localAttributeErrno translates the error of the local file system. A copy that is not there any more has no attributes.
func localAttributeErrno(err error) syscall.Errno {
	errno := stagedErrno(err)
	if errno == syscall.ENOENT {
		return syscall.ENODATA
	}
	return errno
}
