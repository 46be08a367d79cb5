// Package meta knows what exists in an openBIS, what it is called in the file
// system, and how long that may be believed. It turns the answers of a [Source]
// into a [Tree] of immutable entries; it knows neither HTTP nor FUSE.
//
// # From entities to paths
//
//	/                              the server
//	/SPACE                         Space
//	/SPACE/OBJECT                  Object without a Project
//	/SPACE/PROJECT                 Project
//	/SPACE/PROJECT/OBJECT          Object without a Collection
//	/SPACE/PROJECT/COLLECTION      Collection
//	…/COLLECTION/OBJECT            Object
//	…/COLLECTION/DATASET           Dataset of the Collection itself
//	…/OBJECT/DATASET               Dataset of an Object
//	…/DATASET/original/image.tif   the Dataset's files, as its data store lists them
//
// Entities are called by their codes, Datasets by their permIds and contained
// Objects "CONTAINER:CODE", so a path is the identifier that the web UI and
// pyBIS use. A shared Object belongs to no Space and has no place in the tree.
//
// What the tree adds starts with a dot, and a Dataset's own file of the same
// name wins over it:
//
//   - .meta.json, in the directory of every entity: what openBIS knows about it;
//   - .parents and .children, in the directories of Objects and Datasets that
//     have any: relative symlinks to the relatives' places. Relatives that are
//     not in this tree (shared, invisible, outside a tree that starts further
//     down) are left out.
//
// A container Dataset is a directory of symlinks to its components. A linked
// Dataset whose data store knows nothing of its files has only what is added.
//
// # Names
//
// Names are encoded so that every entity has a valid, unambiguous file name
// from which its own name can be read again; see encodeName for the table.
// Names of Dataset files stay exactly as listed unless Linux cannot have them.
//
// Siblings of one name, such as a Collection and an Object of one code, are all
// renamed: to "NAME [CODE]", and if that is still ambiguous to "NAME [permId]".
// That depends on the set of siblings only, not on their order, and a new
// sibling renames nobody but those it is ambiguous with.
//
// A look-up finds what a listing shows; failing that, an entity by its code in
// any letter case unless two have it, by its permId, and by "NAME [permId]",
// whether or not there is an ambiguity at the moment. So links that were noted
// down stay valid when names have to change.
//
// [Tree.Locate] goes the other way, from a permId or an identifier to a path, in one call.
//
// # Belief
//
// A directory costs one call, whatever the number of its entries: the answer
// about a Collection has its Objects with their Datasets, so that the Objects'
// directories cost nothing. Answers are believed for [Options.TTL]; the file
// list of a Dataset for good, once the server has all checksums. What several
// callers want at once is asked for once, and a caller who gives up does not
// take the answer away from the others.
//
// When the server is out of reach, what is known is still shown, however old. A
// failure is never taken for absence. It belongs to one directory and is
// remembered for a second, so that a program that insists does not cost a call
// each time.
//
// # Size
//
// A Collection may have a hundred thousand Objects. Its first entries are there
// before the last are: [Tree.Open] shows Objects while later pages are still on
// their way. Each is shown under its final name. Two Objects of a Collection have
// different codes, because the server keeps identifiers unique; what a name
// can collide with is a Dataset of the Collection itself. So the Datasets, which
// are few, come in the same requests as the first Objects, and no Object is shown
// before the last of them is known; an Object that is called like one waits for the end
// of the listing, as do the Datasets and the document. A listing that breaks off ends with an error.
// A look-up of what has arrived does not wait for the rest.
// While it arrives a listing has the server's order, the order of registration, and
// afterwards that of the names. (Names that need not be unique, such as
// those of the ELN, would have to wait for the last page.)
//
// What is remembered is bounded by [Options.Memory], whatever the size of the
// server: answers count by the memory that they take, as an estimate, and
// those that were used least recently are forgotten. A large listing keeps its Objects packed,
// with all that is known about each and its Datasets, in some 500 bytes, and unpacks the one whose
// directory or document is wanted.
//
// # Documents
//
// A .meta.json has the keys kind, code, identifier, permId, type, name,
// properties, tags, registrator, registrationDate, modifier, modificationDate,
// parents, children and url, in this order, null or empty where an entity does
// not have the like. Behind them follow
//
//   - of a Space: description;
//   - of a Project: description, leader;
//   - of an Object: collection (identifier);
//   - of a Dataset: dataSetKind, object, collection (identifier of the owner),
//     dataStore, physicalData (status, size, location, shareId, complete,
//     presentInArchive), linkedData (externalCode, externalDms, contentCopies),
//     components, files (count, bytes; null for a container and where the files
//     are unknown).
//
// Relatives are {permId, identifier, type}, people {userId, firstName,
// lastName, email}. Times are RFC 3339 in UTC with milliseconds. INTEGER and
// REAL properties are numbers, BOOLEAN ones booleans, vocabulary terms
// {code, label}, all others strings as the server has them. The root's
// document has kind, server, versions, user, dataStores and url.
package meta
