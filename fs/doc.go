// Package fs shows a [meta.Tree] and the content behind it as a FUSE file
// system, and takes what is saved into it. It translates: requests of the kernel become calls of package
// meta and package cache, entries become attributes, errors become errno
// values. What exists, what it is called and what is fetched when is decided
// elsewhere.
//
// # What a program sees
//
// Directories, regular files and symbolic links; no devices, no hard links.
// Everything belongs to one user and group ([Config]) and may be read by all that
// the umask allows. The file system is mounted nosuid and nodev. Without
// [Config].Staging it is mounted ro, too, and each operation that would change
// something fails with EROFS.
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
// # Extended attributes
//
// What .meta.json says first is in attributes, too, for getfattr and for copies that keep them: user.openbis.permId,
// .identifier, .type and .property.CODE of the directory of an entity, .status of a Dataset, .crc32 of its files; see
// [meta.Entry.Attributes]. They are answered from what the listing said, without a call. Values of more than 64 KiB, which
// Linux does not allow, are not listed and fail with E2BIG. Of other namespaces, which programs ask for with every ls and
// cp, there is nothing: EOPNOTSUPP. They can't be changed. What is staged takes attributes user.* where the file system of
// the staging directory does, and keeps them as long as its local copy; openBIS gets none of them.
//
// # Saving
//
// With [Config].Staging, the directories of Objects and Collections take new files
// and directories. Each becomes a draft of package staging, and from it one
// Dataset. Everywhere else changes fail with EPERM, and in Datasets with EROFS; the
// mode bits do not forbid them, so that these are the errors that programs see.
// A staged name hides what the server has under it, and stays for the life of
// the mount, with the content that was saved; the Dataset appears beside it, at once,
// also if a command or another mount of this user has had it registered.
//
// A file is registered when it is closed for the last time. The kernel reports
// every close of every duplicate of a descriptor; whether it is the last is
// found out in /proc, where the program that closes has given its descriptor up
// already. What was written after that, through a mapping or by programs that
// can't be seen, is registered when the kernel has no more use for the file.
//
//   - close returns 0 when the server has the Dataset, and else an errno; after
//     [Config].CloseTimeout that is ETIMEDOUT, and the work goes on. A program
//     that ends without closing is not kept waiting.
//   - Opening a registered file for writing changes nothing. Its first write makes
//     a new draft of the content, which becomes a Dataset with the old one as parent.
//     So does what is saved while the old one is being registered: it waits for that, and
//     has no parent if the old one is refused.
//   - What was written by a program that a signal killed, or by one whose write
//     had failed, is held: see [Server.Commit]. So is what could not be sealed
//     because of the local disk, of which close tells.
//   - Temporary names are never registered. Renaming one to another name registers
//     it. The kernel lets nobody into the directory meanwhile, so the rename waits
//     for the outcome for [Config].RenameTimeout only; a refusal by then is its
//     error, and what is not decided goes on. The data has the new name in any case.
//     Removing a name discards its draft, but no Dataset.
//
// A directory is registered when for [Config].CommitAfter nothing in it was changed
// and no file was open, or with [Server.Commit]. Until then everything in it is a local file.
// openBIS has no links: a symbolic link to a file in the draft, and each name of a hard
// link, is registered as a file of that content; other symbolic links keep the draft from
// being registered. Its .meta.json says with which type, properties and parents it will be
// registered; a text that makes no sense fails when it is closed, with EINVAL.
//
// When the server's files are verified, with size and checksum, the content goes
// from the staged copy to the cache, under the names that it has in the Dataset, and
// the name is read as the Dataset is: from the cache, then from the server. The
// staged copy, and its share of the capacity, is given back when nothing of it
// is open. Content, size, times and inode number stay what they were; of a
// directory, files that were not registered go with the copy. Where the server has no checksums,
// or shows the inside of a file instead of it, and where the directory has symbolic links,
// the copy stays until the mount ends.
// The first write to a name without a copy fetches what it needs.
//
// # What is not part of the tree
//
// The root has a directory .openbis that it does not list, with a README. In it,
// by-id/ID is a relative link to the place of an entity, where ID is its permId or its identifier with
// each slash written as %2F or as U+2215, as in the names of entities; a plain slash can't be in a name. by-id/SPACE is the link to a Space, so
// by-id/SPACE/PROJECT/COLLECTION/OBJECT works as anywhere. What is not in the mounted part does not exist. by-id
// lists nothing. types/KIND/CODE.json and vocabularies/CODE.json describe the
// types of objects, collections and datasets, and the vocabularies; status.json the mount ([Config].Status); uploads/
// has a document for each draft.
//
// # Caching
//
// The kernel remembers names and attributes: of Spaces, Projects, Collections,
// Objects, Datasets and everything that can change for [Config].DirTTL, of the
// files and folders in a Dataset for hours, because a registered Dataset never
// changes. A name that does not exist is remembered for a second. A listing is
// one snapshot, taken when the directory is opened; names and attributes of a
// readdirplus come from the same snapshot. The snapshot of a large Collection is
// read while its last pages are still on their way. Pages of file content stay in the
// kernel's page cache after the file was closed.
//
// A program that reads the small files of a folder in order, by name or by inode
// number as cp does, gets the next ones fetched ahead, some at a time.
//
// File attributes, the root of the mount and the figures of df are answered
// from memory and never wait for the network.
//
// # Passthrough
//
// A file larger than 256 KiB that is complete in the disk cache, and was found right as
// a whole, is given to the kernel, which reads it without asking (FOPEN_PASSTHROUGH). It is
// verified when it is opened, not with each read: what another program does to the cache's
// file meanwhile is not noticed. While it is open, it is not evicted. Names and attributes
// are as ever. All opens of a file agree: one that is open through FUSE is passed through
// when all have closed it. It takes CAP_SYS_ADMIN, Linux 6.9, and a cache directory on a file
// system of this machine that is not stacked; [Server.Passthrough] says what is missing.
//
// # Crawlers
//
// Makers of thumbnails and indexers ([Config].Crawlers, recognised by the names of program and
// thread when they open a file) read everything that they come across. They get what is
// cached, and of other files the first block, up to [Config].CrawlerLimit an hour for each
// program; everything else is EPERM. Nothing is read ahead for them.
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
//   - EROFS: everything that would change a Dataset, or anything without Staging
//   - EPERM: everything that would change something else, and content that is not fetched for a crawler
//   - EINVAL at close, EIO at rename: the server has refused the Dataset, and the
//     log and the draft's document have its words
//   - ENOSPC: the staging directory is full
//   - EBUSY: the draft is just being registered
//   - ENODATA, EOPNOTSUPP: no such extended attribute, and none of that kind
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
