// Package openbistest is an openBIS server in this process, for tests and demonstrations: an application server and its data store
// servers over real HTTP, with the habits of the real ones.
//
// A [Server] serves a [Lab], which is plain data: make one with [NewLab] and its Add methods, or take [SmallLab] or
// [ParseLab].
//
//	s := openbistest.NewServer(t, openbistest.Options{})
//	token := s.Login("demo")
//	// talk to s.URL …
//	s.Calls()        // {"searchSpaces": 1}: every JSON-RPC method, "download", "file-transfer/…"
//	s.ContentBytes() // bytes of file content that went out
//
// Failures are injected with [Faults]: latency, resets, stalls, cut and damaged answers, error statuses, expired sessions
// and login pages, at the n-th call of a method.
//
//	s.Faults.Add(openbistest.Fault{Kind: openbistest.ResetBefore, Method: "searchSamples", First: 3})
//
// It takes new Datasets by createUploadedDataSet, "dataset-uploader-api" and "jupyter-uploader-api" ([Options.Routes]); what it registered is in the
// Lab at once, and tests see the traffic:
//
//	s.Registrations() // what was registered, by whom, for what, how
//	s.Slices()        // every write to a session workspace
//	s.Workspaces()    // what is left in the workspaces
//	s.Faults.Add(openbistest.Fault{Kind: openbistest.Late, Method: openbistest.CommitStep}) // registered after the client has given up
//
// # What it takes from the real server
//
// The wire: application errors are HTTP 200, a missing method is 404, a request without id is executed and not answered, "@id"s count in
// the order in which objects are written, and what the server's translation cache would share is an integer when it comes
// again. Decoding accepts and refuses what Jackson with openBIS's deserialisers does. Without a sort hits come in a different
// order every time; equality is case-sensitive and wildcards are not; identifiers in lower case are found, or not,
// depending on the kind of entity. Sessions run out with two different messages, and a sixth login closes the oldest session.
//
// Uploads are never truncated, lose blanks at the ends of their names, and are gone after an attempt to register them, good or bad; workspaces end
// with their session. A service that fails answers with a table of another kind. The checksums of a new Dataset are missing
// for half a minute. Uploads and what is registered of them are files on disk, so that size costs no memory.
//
// The answers are compared with what the real server's classes wrote, field by field, in the tests. The package shares no
// protocol code with the client, so that they cannot be wrong in the same way.
//
// # How it is made
//
// rpc.go is jsonrpc4j, json_*.go is Jackson: [bean]s out, decoded objects in, by the schema that define fills. as_*.go is the
// application server: as_search*.go evaluates criteria, as_plan.go narrows down what they are evaluated for, as_fetch*.go
// knows the fetch options and as_write*.go writes entities. session*.go and faults*.go serve both; dss_*.go and
// filetransfer*.go are the data store servers, among them dss_workspace*.go, dss_storeshare.go, dss_uploaded.go and dss_ingestion*.go, which take uploads
// and end in the transactions of register*.go; lab*.go and content*.go make labs and the files in them.
package openbistest
