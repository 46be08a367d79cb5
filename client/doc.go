// Package client speaks to an openBIS server: it logs in, finds Spaces, Projects, Collections, Objects and Datasets, lists
// the files of Datasets, and fetches their content. It reads; what it can change is the archiving state of Datasets and the
// user's own tokens.
//
// # Servers
//
// It is made for openBIS 20.10 and its neighbours (API 3.5 to 3.7) as they come: an application server, which
// knows the metadata, and one or several data store servers (DSS), which have the files. Both may stand behind one
// proxy. The words are those of the web interface; the API's names differ for two of them: a Collection is an Experiment there
// and an Object a Sample.
//
// # Calls
//
// A [Client] is made by [New] with a user and a password, or with a token, and is safe for concurrent use:
//
//	c, err := client.New(client.Options{URL: "https://openbis.example.org", Token: token})
//	if err != nil { … }
//	defer c.Close(ctx)
//
// There are three layers of calls:
//
//   - [Client.Spaces], [Client.SpaceContents], [Client.ProjectContents], [Client.CollectionContents], [Client.ObjectContents] and
//     [Client.Files] answer for one directory of a tree each, with one request (more only for more than 2000 entities);
//     [Client.Schema] and [Client.Instance] complete them.
//   - [Client.SearchObjects] and its siblings are searches with criteria, as iterators; [Client.GetObjects] and its
//     siblings return entities by permId or identifier; [Client.ObjectTypes], [Client.Vocabularies] and others return
//     what entities are made of.
//   - [Client.Content] gives access to the content of a file: as a stream ([Content.Stream], the download servlet) or
//     in single blocks of 1 MiB ([Content.Blocks], the file-transfer protocol). A stock data store cannot start a
//     stream in the middle.
//
// All entities are fetched with exactly what their types hold. Of entities that the user may not see nothing is said.
//
// # Sessions
//
// A session with the server starts with the first call, or with [Client.Connect], and ends with [Client.Close]. In between it
// may die at any time: it was idle for too long, the server was restarted, or further logins of the same
// user have pushed it out. Whichever call notices, the client logs in again, once for all callers together, and repeats the
// call. With a password this always works; a personal access token stands for a session that the server renews by itself; a plain
// session token ends with its session, in [ErrUnauthenticated].
//
// # Errors
//
// Every failure of a call is an [*Error] with the server's own words in it, and matches one of [ErrNotFound],
// [ErrForbidden], [ErrUnauthenticated], [ErrUnavailable], [ErrProtocol], [ErrServer], [ErrArchived], [ErrLinked],
// [ErrCorrupt], [context.DeadlineExceeded], [context.Canceled], or [errors.ErrUnsupported]. Calls that are safe to repeat are
// repeated a few times before [ErrUnavailable] is returned. No error and no log record has a token in it.
//
// Content is right or an error. The download servlet reports errors as pages with the status 200; a page never
// passes for content. Lengths are always compared with the listing, and checksums whenever the server knows them.
//
// # What it does not do
//
// It does not register or change entities, does not use the AFS server of newer releases, and knows nothing of
// the openBIS file formats above files: HDF5 archives (".h5ar") appear as the server lists them.
package client
