package fs

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"

	"golang.org/x/sys/unix"
)

const (
	maxSlots   = 7       // descriptors that are open at a time
	maxContent = 200_000 // bytes of a file: more than one request of the kernel
)

var (
	topNames    = []string{"f", "g", "h.txt", "d", "e", "t.part", ".x.swp"}
	nestedNames = []string{"a", "b", "c", "sub", "j~", ".DS_Store"}
	fileModes   = []uint32{0o644, 0o600, 0o640}
	dirModes    = []uint32{0o755, 0o700, 0o750}
)

// chooser makes operations up that fit a model.
type chooser struct {
	*rand.Rand
	m    *model
	next int // slot
}

func (c *chooser) of(list []string) string { return list[c.IntN(len(list))] }

// path returns one that exists already, mostly, or one that may be new.
func (c *chooser) path(typ string) string {
	var fitting, dirs []string
	for _, p := range c.m.paths() {
		at, _ := c.m.find(p)
		if at.node.typ == "dir" {
			dirs = append(dirs, p)
		}
		if typ == "" || at.node.typ == typ {
			fitting = append(fitting, p)
		}
	}
	switch n := c.IntN(10); {
	case n < 6 && len(fitting) > 0:
		return c.of(fitting)
	case n < 8 && len(dirs) > 0:
		return path.Join(c.of(dirs), c.of(nestedNames))
	case n < 9 && len(fitting) > 0 && c.IntN(4) == 0:
		return path.Join(c.of(fitting), c.of(nestedNames)) // perhaps below a file
	}
	return path.Join(c.of(c.m.owners), c.of(topNames))
}

// slot returns an open one, of the file that most write to if there are several.
func (c *chooser) slot() (int, *modelDescriptor) {
	slots := c.m.slots()
	if len(slots) == 0 {
		return 0, nil
	}
	slot := slots[c.IntN(len(slots))]
	return slot, c.m.open[slot]
}

func (c *chooser) offset(n *modelNode) int64 {
	size := int64(len(n.content))
	switch c.IntN(6) {
	case 0:
		return size // append
	case 1:
		return min(size+c.Int64N(20_000), maxContent) // leaves a hole
	case 2:
		return 0
	}
	return c.Int64N(size + 1)
}

func (c *chooser) data() []byte {
	size := 1 + c.IntN(200)
	switch c.IntN(8) {
	case 0:
		size = 1 + c.IntN(maxContent/4)
	case 1:
		size = 4096
	}
	data := make([]byte, size)
	seed := byte(c.IntN(256))
	for i := range data {
		data[i] = seed + byte(i%251)
	}
	return data
}

// choose makes up an operation. Some make no sense, which the mount has to say.
func (c *chooser) choose() *fileOperation {
	slots := len(c.m.open)
	switch n := c.IntN(100); {
	case n < 16 && slots < maxSlots:
		return c.chooseOpen()
	case n < 19 && slots > 0 && slots < maxSlots:
		slot, _ := c.slot()
		c.next++
		return &fileOperation{Op: "dup", Slot: slot, Other: c.next}
	case n < 30 && slots > 0:
		slot, _ := c.slot()
		return &fileOperation{Op: "close", Slot: slot}
	case n < 62 && slots > 0:
		return c.chooseDescriptor()
	case n < 66:
		return &fileOperation{Op: "truncate", Path: c.path("file"), Size: c.Int64N(5000)}
	case n < 77:
		op := &fileOperation{Op: "rename", Path: c.path(""), To: c.path("")}
		if c.IntN(6) == 0 {
			op.Flags = unix.RENAME_NOREPLACE
		}
		return op
	case n < 80:
		op := &fileOperation{Op: "link", Path: c.path("file"), To: c.path("")}
		if c.IntN(2) == 0 {
			op.To = path.Join(path.Dir(op.Path), c.of(nestedNames))
		}
		return op
	case n < 82:
		return &fileOperation{Op: "symlink", Path: c.path(""), To: []string{"/nowhere/at all", c.of(nestedNames), c.of(nestedNames)}[c.IntN(3)]}
	case n < 86:
		return &fileOperation{Op: "mkdir", Path: c.path("dir"), Mode: dirModes[c.IntN(len(dirModes))]}
	case n < 91:
		return &fileOperation{Op: "unlink", Path: c.path("")}
	case n < 93:
		return &fileOperation{Op: "rmdir", Path: c.path("dir")}
	case n < 96:
		p := c.path("")
		at, errno := c.m.target(p)
		modes := fileModes
		if errno == 0 && at.node != nil && at.node.typ == "dir" {
			modes = dirModes
		}
		return &fileOperation{Op: "chmod", Path: p, Mode: modes[c.IntN(len(modes))]}
	}
	return &fileOperation{Op: "utimes", Path: c.path(""), Size: 1_000_000_000 + c.Int64N(1000)}
}

func (c *chooser) chooseOpen() *fileOperation {
	c.next++
	op := &fileOperation{Op: "open", Path: c.path("file"), Slot: c.next, Mode: fileModes[c.IntN(len(fileModes))]}
	op.Flags = []int{unix.O_RDONLY, unix.O_WRONLY, unix.O_RDWR, unix.O_RDWR}[c.IntN(4)]
	for _, flag := range []int{unix.O_CREAT, unix.O_CREAT | unix.O_EXCL, unix.O_TRUNC, unix.O_APPEND} {
		if c.IntN(4) == 0 || flag == unix.O_CREAT && c.IntN(2) == 0 {
			op.Flags |= flag
		}
	}
	if at, errno := c.m.target(op.Path); errno == 0 && at.node != nil && at.node.typ == "dir" && op.Flags&(unix.O_ACCMODE|unix.O_CREAT) == 0 {
		op.Flags |= unix.O_WRONLY // directories are not opened here
	}
	return op
}

func (c *chooser) chooseDescriptor() *fileOperation {
	slot, d := c.slot()
	size := int64(len(d.node.content))
	op := &fileOperation{Slot: slot}
	switch n := c.IntN(20); {
	case n < 8 && size < maxContent:
		op.Op, op.Data, op.Off = "pwrite", c.data(), c.offset(d.node)
	case n < 9 && d.appends && size < maxContent:
		op.Op, op.Data = "write", c.data()
	case n < 12:
		op.Op, op.Off, op.Size = "pread", c.Int64N(size+10), c.Int64N(140_000)
	case n < 14:
		op.Op, op.Size = "ftruncate", max(0, size-5000+c.Int64N(10_000))
	case n < 15:
		op.Op = "fsync"
	case n < 16:
		op.Op, op.Mode = "fchmod", fileModes[c.IntN(len(fileModes))]
	case n < 18 && d.read && d.write && size > 0:
		op.Op, op.Size, op.Off = "map", size, c.Int64N(size)
		if c.IntN(2) == 0 {
			op.Op = "map-close"
		}
		op.Data = c.data()
		op.Data = op.Data[:min(int64(len(op.Data)), size-op.Off)]
	default:
		op.Op = "fstat"
	}
	return op
}

// String describes the operation as people write it down.
func (op *fileOperation) String() string {
	switch op.Op {
	case "open":
		return fmt.Sprintf("%d = open(%q, %s, %#o)", op.Slot, op.Path, flagNames(op.Flags), op.Mode)
	case "dup":
		return fmt.Sprintf("%d = dup(%d)", op.Other, op.Slot)
	case "close", "fsync", "fstat":
		return fmt.Sprintf("%s(%d)", op.Op, op.Slot)
	case "pwrite", "write", "map", "map-close":
		return fmt.Sprintf("%s(%d, %d bytes from %#x, at %d)", op.Op, op.Slot, len(op.Data), op.Data[0], op.Off)
	case "pread":
		return fmt.Sprintf("pread(%d, %d bytes, at %d)", op.Slot, op.Size, op.Off)
	case "ftruncate":
		return fmt.Sprintf("ftruncate(%d, %d)", op.Slot, op.Size)
	case "fchmod":
		return fmt.Sprintf("fchmod(%d, %#o)", op.Slot, op.Mode)
	case "truncate", "utimes":
		return fmt.Sprintf("%s(%q, %d)", op.Op, op.Path, op.Size)
	case "chmod", "mkdir":
		return fmt.Sprintf("%s(%q, %#o)", op.Op, op.Path, op.Mode)
	case "rename", "link", "symlink":
		return fmt.Sprintf("%s(%q, %q, %d)", op.Op, op.Path, op.To, op.Flags)
	}
	return fmt.Sprintf("%s(%q)", op.Op, op.Path)
}

func flagNames(flags int) string {
	text := []string{"O_RDONLY", "O_WRONLY", "O_RDWR"}[flags&unix.O_ACCMODE]
	for _, flag := range []struct {
		bit  int
		name string
	}{{unix.O_CREAT, "O_CREAT"}, {unix.O_EXCL, "O_EXCL"}, {unix.O_TRUNC, "O_TRUNC"}, {unix.O_APPEND, "O_APPEND"}} {
		if flags&flag.bit != 0 {
			text += "|" + flag.name
		}
	}
	return text
}

// foreign is an operation where nothing can be changed, and what it should say.
type foreign struct {
	op   *fileOperation
	want unix.Errno
}

// chooseForeign makes up an operation outside of what can be changed. dataset is
// a registered one's path and file one in it, "" if there is none.
func (c *chooser) chooseForeign(dataset, file string) foreign {
	create := unix.O_CREAT | unix.O_WRONLY
	list := []foreign{
		{&fileOperation{Op: "mkdir", Path: "new"}, unix.EPERM},
		{&fileOperation{Op: "mkdir", Path: "MATERIALS/new"}, unix.EPERM},
		{&fileOperation{Op: "open", Path: "MATERIALS/AL_FATIGUE/new", Flags: create}, unix.EPERM},
		{&fileOperation{Op: "unlink", Path: collection + "/.meta.json"}, unix.EPERM},
		{&fileOperation{Op: "truncate", Path: collection + "/.meta.json"}, unix.EPERM},
		{&fileOperation{Op: "rmdir", Path: collection + "/CPN-05"}, unix.EPERM},
		{&fileOperation{Op: "rename", Path: collection + "/CPN-05", To: collection + "/new"}, unix.EPERM},
		{&fileOperation{Op: "mkdir", Path: collection + "/CPN-05"}, unix.EEXIST},
		{&fileOperation{Op: "open", Path: collection + "/CPN-05", Flags: create}, unix.EISDIR},
		{&fileOperation{Op: "symlink", Path: "MATERIALS/link", To: "x"}, unix.EPERM},
	}
	if staged := c.m.paths(); len(staged) > 0 {
		p := c.of(staged)
		at, _ := c.m.find(p)
		outside, inside := unix.EPERM, unix.EROFS
		if at.dir != nil {
			outside, inside = unix.EXDEV, unix.EXDEV
		}
		list = append(list, foreign{&fileOperation{Op: "rename", Path: p, To: "MATERIALS/new"}, outside})
		if dataset != "" {
			list = append(list, foreign{&fileOperation{Op: "rename", Path: p, To: dataset + "/new"}, inside})
		}
	}
	if dataset != "" {
		list = append(list,
			foreign{&fileOperation{Op: "mkdir", Path: dataset + "/new"}, unix.EROFS},
			foreign{&fileOperation{Op: "open", Path: dataset + "/new", Flags: create}, unix.EROFS},
			foreign{&fileOperation{Op: "open", Path: file, Flags: unix.O_WRONLY}, unix.EROFS},
			foreign{&fileOperation{Op: "open", Path: file, Flags: unix.O_RDONLY | unix.O_TRUNC}, unix.EROFS},
			foreign{&fileOperation{Op: "truncate", Path: file}, unix.EROFS},
			foreign{&fileOperation{Op: "unlink", Path: file}, unix.EROFS},
			foreign{&fileOperation{Op: "rename", Path: file, To: path.Dir(file) + "/new"}, unix.EROFS},
			foreign{&fileOperation{Op: "link", Path: file, To: path.Dir(file) + "/new"}, unix.EROFS},
			foreign{&fileOperation{Op: "rmdir", Path: dataset}, unix.EPERM},
		)
	}
	return list[c.IntN(len(list))]
}

// committable returns the staged names that can be asked to be registered now.
func (c *chooser) committable() []string {
	var all []string
	for p, d := range c.m.staged {
		if d.root.typ == "file" || !c.m.anyOpen(func(o *modelDescriptor) bool { return o.saves && o.node.draft == d }) {
			all = append(all, p)
		}
	}
	slices.Sort(all)
	return all
}
