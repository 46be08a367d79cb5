// Command openbisfs mounts an openBIS server as a drive.
//
// The package is the outermost layer: it reads the command line, finds the credentials, starts the daemon, and wires
// the rooms together (client speaks openBIS, meta is the tree, cache has the bytes, fs talks to the kernel). What a
// file or a directory means is decided there, not here.
//
// A mount that takes new Datasets has a staging directory (writing.go, staging.go). The process behind a mount answers to the
// commands status, uploads, commit and umount over a socket (presence.go, control.go, controlled.go, daemons.go); upload.go
// puts together what they see there and in the staging directories.
//
// The process also says where something is: path.go asks it, after anything.go has read what the user means.
//
// The way of a mount: run.go picks the command → flags.go and settings.go merge flags, environment and configuration
// file (options.go translates -o) → preflight.go says what this machine lacks → credentials.go finds the secret →
// daemon.go moves to the background → serve.go connects, mounts and waits for the end.
package main
