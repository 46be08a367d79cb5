package fs

import (
	"testing"

	"golang.org/x/sys/unix"
)

// What the random operations have found once.
func TestOperationsOnWhichTheMountOnceDisagreed(t *testing.T) {
	const made = unix.O_CREAT | unix.O_EXCL
	in := func(name string) string { return object + "/" + name }
	open := func(slot int, name string, flags int) *fileOperation {
		return &fileOperation{Op: "open", Slot: slot, Path: in(name), Flags: flags, Mode: 0o644}
	}
	write := func(slot int, text string) *fileOperation {
		return &fileOperation{Op: "pwrite", Slot: slot, Data: []byte(text)}
	}
	on := func(op string, slot int) *fileOperation { return &fileOperation{Op: op, Slot: slot} }
	by := func(op, name string) *fileOperation { return &fileOperation{Op: op, Path: in(name), Mode: 0o755} }
	rename := func(from, to string) *fileOperation {
		return &fileOperation{Op: "rename", Path: in(from), To: in(to)}
	}
	tests := []struct {
		name string
		ops  []*fileOperation
	}{
		{"made and truncated by who only reads", []*fileOperation{
			by("mkdir", "d"), open(1, "d/a", unix.O_RDONLY|unix.O_CREAT|unix.O_TRUNC), on("close", 1),
		}},
		{"made by who only reads", []*fileOperation{open(1, "f", unix.O_RDONLY|made), on("close", 1)}},
		{"a folder takes the place of an empty one", []*fileOperation{
			by("mkdir", "d"), by("mkdir", "d/a"), by("mkdir", "d/b"), open(1, "d/a/c", unix.O_RDWR|made), on("close", 1), rename("d/a", "d/b"),
		}},
		{"used after it was removed from a directory", []*fileOperation{
			by("mkdir", "d"), open(1, "d/a", unix.O_RDWR|made), write(1, "text"), by("unlink", "d/a"), on("fstat", 1),
			{Op: "ftruncate", Slot: 1, Size: 2}, {Op: "fchmod", Slot: 1, Mode: 0o600}, write(1, "more"), on("fsync", 1), on("close", 1),
		}},
		{"synced after it was removed", []*fileOperation{open(1, "f", unix.O_RDWR|made), by("unlink", "f"), write(1, "text"), on("fsync", 1), on("close", 1)}},
		{"written to after it was registered and removed", []*fileOperation{
			open(1, "f", unix.O_WRONLY|made), write(1, "text"), on("close", 1), open(2, "f", unix.O_RDWR), by("unlink", "f"), write(2, "more text"),
			{Op: "ftruncate", Slot: 2, Size: 6}, {Op: "map", Slot: 2, Size: 6, Data: []byte("m")}, on("fsync", 2), on("close", 2),
		}},
		{"truncated by name while it is read", []*fileOperation{
			open(1, "f", unix.O_WRONLY|made), write(1, "text"), on("close", 1), open(2, "f", unix.O_RDONLY),
			{Op: "truncate", Path: in("f"), Size: 2}, on("close", 2),
		}},
		{"hard links", []*fileOperation{
			by("mkdir", "d"), open(1, "d/a", unix.O_RDWR|made), write(1, "text"), {Op: "link", Path: in("d/a"), To: in("d/b")}, write(1, "more text"),
			rename("d/a", "d/b"), by("unlink", "d/a"), open(2, "d/b", unix.O_RDWR), {Op: "ftruncate", Slot: 2, Size: 3}, on("fstat", 1),
			{Op: "link", Path: in("d/b"), To: in("d/c")}, rename("d/c", "d/e"), by("unlink", "d/b"), write(2, "again"), {Op: "chmod", Path: in("d/e"), Mode: 0o600},
			by("unlink", "d/e"), write(1, "x"), on("fsync", 2), on("fstat", 2), on("close", 1), on("close", 2),
		}},
		{"links are registered as copies", []*fileOperation{
			by("mkdir", "d"), open(1, "d/a", unix.O_RDWR|made), write(1, "text"), on("close", 1), {Op: "link", Path: in("d/a"), To: in("d/b")},
			{Op: "symlink", Path: in("d/c"), To: "b"}, {Op: "truncate", Path: in("d/c"), Size: 3}, by("commit", "d"), open(2, "d/c", unix.O_RDONLY), on("close", 2),
		}},
		{"a name used again for a directory", []*fileOperation{
			by("mkdir", "d"), open(1, "d/a", unix.O_RDWR|made), on("close", 1), by("commit", "d"), rename("d", "e"), by("commit", "e"),
			by("mkdir", "d"), open(2, "d/a", unix.O_RDWR|made), on("close", 2), by("commit", "d"),
			rename("e", "g"), open(3, "e", unix.O_RDWR|made), on("close", 3),
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newModelRun(t, "dataset-uploader-api", 0)
			for _, op := range test.ops {
				if op.Op == "commit" {
					r.commit(op.Path)
					continue
				}
				r.stepOperation(op)
			}
			r.end()
		})
	}
}
