// Package fs shows a [meta.Tree] and the content behind it as a read-only FUSE
// file system. It translates: requests of the kernel become calls of package
// meta and package cache, entries become attributes, errors become errno
// values. What exists, what it is called and what is fetched when is decided
// elsewhere.
//
// # What a program sees
//
// Directories, regular files and symbolic links; no devices, no hard links.
// Everything belongs to one user and group ([Config]), may be read by all that
// the umask allows and written by nobody: the file system is mounted ro, nosuid
// and nodev, and each operation that would change something fails with EROFS.
//
// Every entry has the inode number that its [meta.Entry] has, which is the same
// in every mount of the same server. A directory is reachable on one path only;
// other places refer to it by symbolic links. The number of links of a directory
// is 1, which tells programs like find that it says nothing about subdirectories.
//
// Sizes are exact before the first read, also of .meta.json. A file that is not
// empty always occupies blocks. The preferred block size for I/O is 4096 bytes:
// stdio and Python read that much at a time, and a larger value would make small
// random reads fetch what nobody asked for.
//
// # Caching
//
// The kernel remembers names and attributes: of Spaces, Projects, Collections,
// Objects, Datasets and everything that can change for [Config].DirTTL, of the
// files and folders in a Dataset for hours, because a registered Dataset never
// changes. A name that does not exist is remembered for a second. A listing is
// one snapshot, taken when the directory is opened; names and attributes of a
// readdirplus come from the same snapshot. Pages of file content stay in the
// kernel's page cache after the file was closed.
//
// File attributes, the root of the mount and the figures of df are answered
// from memory and never wait for the network.
//
// # Errors
//
// ENOENT is said only of what does not exist, or what the session may not see.
// What fails otherwise says so:
//
//   - EACCES: no permission, or a session that cannot be renewed
//   - EIO: archived content, linked content, damaged or truncated content, a
//     server that cannot be reached or answers with an error
//   - ETIMEDOUT: no answer in time
//   - EINTR: the program was interrupted by a signal
//   - ENAMETOOLONG: a name of more than 255 bytes
//   - EROFS: everything that would change something
//
// An error other than ENOENT and EINTR is logged with the path and the cause, at
// most a few lines a second. Content is all or nothing: a read returns every
// byte that it was asked for up to the end of the file, or an error.
//
// # Interrupts and time limits
//
// No operation runs on the context of its FUSE request, which the kernel
// cancels for any signal, harmless ones included. A signal starts a period of
// grace (200 ms); only then the operation is abandoned with EINTR. So Ctrl-C
// ends a waiting program within a second, and a timer signal hurts only an
// operation that is slow anyway. What an abandoned operation had asked for
// usually arrives and is found by the next attempt. Independently every
// operation has an absolute limit, after which it fails with ETIMEDOUT.
//
// A panic while a request is handled fails that request with EIO and is logged
// with its stack; the mount lives on.
package fs
