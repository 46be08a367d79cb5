// Command openbisfs mounts an openBIS server as a read-only drive.
//
// The package is the outermost layer: it reads the command line, finds the credentials, starts the daemon, and wires
// the rooms together (client speaks openBIS, meta is the tree, cache has the bytes, fs talks to the kernel). What a
// file or a directory means is decided there, not here.
//
// The way of a mount: run.go picks the command → flags.go and settings.go merge flags, environment and configuration
// file (options.go translates -o) → preflight.go says what this machine lacks → credentials.go finds the secret →
// daemon.go moves to the background → serve.go connects, mounts and waits for the end.
package main
