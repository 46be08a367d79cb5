// Package staging keeps what a user has saved and openBIS does not have yet, and
// brings it there: every byte once, no Dataset twice.
//
// # Drafts
//
// A [Draft] is a file, or a directory with everything below it, that is to
// become one Dataset. It is a directory on local disk:
//
//	STAGING/SERVER/20260301T101500.123-k3q5…/
//	├── lock          flock: the process that works on the draft
//	├── record.json   the journal: state, owner, name, metadata, plan
//	├── files.jsonl   path, size and CRC32 of every file, from sealing on
//	└── data          the file, or the directory
//
// Anyone can read it with ls and cat, and no draft's damage spreads to another.
// A [Store] has all drafts of one server and one user. Between [Store.Create]
// and [Draft.Seal] a draft is written like any local file; then workers plan,
// upload, register and verify it through a [Registrar], with back-off, until the
// server has it or has refused it.
//
// # States
//
// A transition is in the journal, fsynced, before the action that it permits:
//
//	state        what is true                            next                              after a crash
//	open         being written                           sealed by Seal, held by Hold      held: nobody said that it was complete
//	sealed       content is durable, with size and CRC   planned                           goes on
//	planned      has the key that makes it unique        uploading                         goes on
//	uploading    some of it may be on the server         uploaded                          as planned: the session's workspace is gone
//	uploaded     all of it is in the workspace           registering                       as planned
//	registering  the server may have registered it       registered, planned, failed       the server is asked before anything else
//	registered   the server has it: permId known         verified                          goes on
//	verified     the server's listing is what we sent    released, once nobody uses it     as registered
//	released     gone from here
//	failed       refused, for the recorded reason        sealed by Retry                   stays
//	held         must not be registered unless asked     sealed by Retry                   stays
//	discarded    gone from here, at the user's wish
//	damaged      the record can't be read                by hand; Export, Discard          stays
//
// Uploading, uploaded and verified permit nothing that planned and registered do
// not, and are in memory only. Released and discarded are never written: the draft's directory is renamed to
// ".del-…", which is the transition, and then removed. A new draft is made as
// ".new-…" and renamed when it is complete.
//
// # Once
//
// The plan of a registration ([client.Plan]) is its idempotency key; it is in
// the journal before the first byte is sent. When the answer to a registration
// is lost, or the process dies while it waits for it, the outcome is unknown,
// and the record says so until it is known:
//
//   - the server is asked for the plan's Dataset before anything else, again
//     after a repeated upload, and again when a repeated attempt is refused;
//   - "not there" is believed at once if the plan has a chosen permId, because
//     the server takes a permId once; otherwise only when [Options.Settle] has
//     passed since the outcome became unknown, because the first attempt may
//     still be running;
//   - the plan, name, type and owner stay what they were.
//
// # Again
//
// What is saved under a name that another draft is being registered as names that draft as
// its predecessor ([Draft.SetPredecessor]): the Dataset of the one is to be the parent
// of the other's. A sealed draft is not planned before it is known what has become of
// its predecessor. If the server has it, its permId is among the parents in the journal,
// and only then the predecessor may be removed here. If it was refused or discarded, or is
// held, opened again, damaged or gone, the draft goes on without: who saved it does not wait for
// somebody to look after an older one, and a retry of that later changes nothing. As long
// as the predecessor is on its way, also while its outcome is unknown or the server away, the draft waits for it.
// All of it is the same after a crash, and for drafts that several processes
// have made, except that a predecessor is missed that another process removes before it
// was seen here that the server has it.
//
// # Ahead
//
// A file that is written from front to back is uploaded while it is being written,
// from [Options.Ahead] bytes on, some way behind the writer. Its plan is made and is in
// the journal before the first byte is sent; the draft is open still. What is written
// again after it was read is sent again; see [client.Client.UploadAhead]. The upload is
// given up, with its plan, when anything of it fails, when the file is made shorter
// than what was sent, renamed, held, or left behind by a process that died: then another
// plan is made once the draft is sealed, and everything is sent under it. Nobody
// is told, because nothing is promised before sealing. Temporary names are not sent ahead,
// nor are directories.
//
// # Handing over
//
// A copy that is pinned, because its name is still shown, stays after registration.
// When the server has listed every file of it with size and checksum, and not
// before, [Draft.OnVerified] says so: then it may be read from the server, and whoever
// shows it can release it. A Dataset that has no checksums after some minutes counts as
// verified by its sizes, which is enough to remove a copy that nobody uses; for one in
// use the checksums are asked for from time to time.
//
// # Durability
//
//	when this returns         this survives kill -9 and power loss
//	Store.Create              the draft, empty
//	File.Sync                 that file's content and name
//	Draft.Rename, SetMeta     the new name and metadata
//	Draft.Seal, Commit        content and name of every file, size and checksum, the wish to register
//	Draft.Hold, Retry         the wish
//
// What was written without Sync or Seal survives kill -9, as any local file
// does. Nothing is deleted but drafts that are verified, and discarded ones.
// When the disk is full, writing fails with ENOSPC, transitions that can't be
// recorded do not happen, and are tried again.
//
// # Two processes
//
// The flock on a draft says who works on it. A process keeps the locks of the
// drafts that it created until they are released, and takes the others' while it
// works on them, reading the record anew. An open draft without a lock was left
// by a process that died. So two mounts of one user, and a command beside them,
// share a staging directory. What one does to the drafts another hears at once, from
// inotify(7), and where that can't be had finds at its next scan; what one leaves
// behind another takes up at its next scan.
package staging
