// Package disk keeps blocks of immutable files in a directory, so that they
// survive the process, and lets several processes and several hosts share them.
//
// # On disk
//
// A directory of the cache holds, for each content, files that are named after
// a hash of its [Key]:
//
//	DIR/CACHEDIR.TAG             tells backup programs, and us that the directory is ours
//	DIR/v1/ab/abcdef….data       the content itself, sparse: block n is at n × 1 MiB
//	DIR/v1/ab/abcdef….map        which blocks are there, and their checksums
//	DIR/v1/ab/abcdef….pin        if it exists, the content is not evicted
//	DIR/v1/ab/abcdef….X.part     what one stream has brought and no checksum has confirmed yet
//
// A map begins with a line of JSON that says whose blocks they are, for people
// and for `openbisfs cache status`. It is filled up to a multiple of 32 bytes
// and followed by a record of 32 bytes for each block (little endian)
//
//	 0  number of the block
//	 8  first 8 bytes of the hash of the key
//	16  CRC-32C of the block, which is what reading compares
//	20  CRC-32 (IEEE) of the block; those of all blocks make that of the file
//	24  0: the block is confirmed; 1: it is provisional
//	28  CRC-32C of the 28 bytes before
//
// and by a seal of 64 bytes, which says that the data file was read and found
// right as a whole, and how stat(2) described it then.
//
// # Why it is right
//
// A record is valid only for its key, its number and its own checksum, and a
// block only with a valid record. Every block is compared with its record each
// time it is read, and what does not agree is as good as absent. So nothing has
// to be written in order, and nothing is ever synced: after kill -9 or a power
// failure some blocks are torn, or zeros, or missing, and they are fetched
// again. The same holds for flipped bits, cut or deleted files, and a file that
// was evicted while it was read.
//
// Only verified bytes are written to a data file. Content never changes, so
// whoever writes a block, however often and at the same time as others, writes
// the same bytes. What a stream brings is verified only at its end: it goes to a
// [Part], a file that no one else writes, which then takes the data file's place.
//
// # Provisional blocks
//
// The only checksum that a stream's bytes have is that of the whole file. When it
// breaks off, as it does when its reader wants no more, what it brought is as
// good as what that reader was given, and no better. It is kept, and its records
// say so ([Provisional]). As soon as all blocks of a file are there, their CRC-32s
// make that of the file, or they don't: then the provisional ones become
// confirmed, or are dropped ([File.Settle]). They are dropped as well when a block
// that comes by a verified way is not what one of them was. Before all this, no
// [File.Local] is given away.
//
// Nothing relies on locks. flock(2) keeps a file that is in use from eviction
// and two processes from evicting at the same time; where it does not work, as
// on some network file systems, a reader finds blocks gone, and fetches them.
//
// # Room
//
// The cache takes at most [Options.Size] bytes of disk and leaves
// [Options.Free] bytes of it free. The modification time of a map is when the
// content was used last; what was not used for the longest time is evicted as a
// whole. How much there is becomes known by a scan in the background, repeated
// as this process writes; so several processes together may exceed Size for a
// moment. When nothing can be evicted, nothing more is written.
//
// # Failure
//
// No method fails a reader: a block is there, or it is not. An error of the disk
// is logged once and takes the cache out of use for a while, which grows.
package disk
