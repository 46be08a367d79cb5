// Package cache holds the bytes of immutable files, so that what was read once
// is not asked for again, and what is read by many is asked for once.
//
// # Model
//
// A [Store] caches blocks of [BlockSize] bytes; the last block of a file is
// shorter. A file is known by its [Key], and since registered content never
// changes, a block that is present is right for good. [Store.Open] gives a
// handle, [File.ReadAt] reads through it; handles of one Key share everything
// below them: blocks, requests, and the [Remote] that brings the bytes.
//
//	File ──┐                ┌─ stream: one body, read forward, block after block
//	File ──┼─ content ──────┤
//	File ──┘   blocks,      └─ burst: a run of blocks by number
//	           window
//
// # What is fetched
//
// A read touches blocks. A block that is absent is queued, once, however many
// wait for it (single flight), and a goroutine of the file fetches it under a
// context of its own: a reader who gives up ends only its own wait. The window
// watches which blocks are touched. First touches and jumps fetch exactly what
// they touch. A reader who has touched three blocks in a row is sequential, and
// the cache reads ahead of it, more each time, up to 32 MiB. If that reader
// began at the start of a large file, the bytes come by one stream, because a
// stream has the least cost for each byte and its checksum covers the file;
// everywhere else they come by bursts, because most servers can start a stream
// at the beginning only. A file of one block comes by a stream of its own.
//
// A stream reads into the buffers that will be the blocks, and a waiting reader
// is served as soon as its part has arrived. It pauses by not reading, which
// stops the server through TCP, and goes on when its reader does.
//
// # What is put
//
// Content that is here before anybody asks for it, because this machine has just
// given it to the server, comes in by [Store.Put], block by block, once its checksum
// is found right. From then on its blocks are like any others.
//
// # Memory
//
// Every buffer counts against [Options.Memory]: resident blocks, blocks in
// flight, blocks read ahead and the few that wait to be used again. Nothing is
// fetched without a buffer, and a buffer for a new block is made by evicting the
// block that was not used for the longest time. Buffers in use by a copying
// reader are never reused. Read-ahead that nobody has read yet may take half.
//
// # Disk
//
// With [Options.Disk], what is absent from memory is looked for on disk before
// it is asked for: first which blocks of a file are there, once, then each of
// them. Nothing is read ahead from the server for a reader whom the disk serves.
// A block that is verified is written behind, by goroutines that nobody waits
// for. What waits to be written counts as memory and may take a quarter of it.
// When the disk is too slow for that, blocks are postponed: they are written
// later, if they are in memory then, and otherwise asked for again one day. No
// reader is ever slowed down for the disk.
//
// What a stream brought that broke off is provisional on disk, as it is in
// memory: it is served, also by the next process. The checksums of the blocks are
// added up; with the last block that was missing they show, before it is
// readable, whether all were right. If not, the provisional ones are dropped, and
// handles that were given any of them fail with [ErrCorrupt].
//
// Nothing that happens on disk is an error for a reader. A disk that does not
// answer within 5 s is given up for a while, and the server asked.
//
// # Failure
//
// Bytes are right or there is an error. A body that is too short or too long,
// a block of the wrong length and a number that was not asked for are errors. A
// failed fetch is repeated twice, within [Options.BlockTimeout] without
// progress, if possible by the other way; then those who wait get the error,
// and it is not remembered: the next read tries again. What a stream delivered
// stays valid if the stream breaks, but not if it is the checksum at its end
// that fails: then all its blocks are dropped, handles that were given bytes of
// them fail with [ErrCorrupt], and the file is read in bursts from then on.
package cache
