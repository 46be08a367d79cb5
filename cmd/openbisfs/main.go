package main

import (
	"context"
	"os"
)

// version is set by the linker.
var version = "unknown"

func main() {
	os.Exit(int(run(context.Background(), os.Args, os.Stdout, os.Stderr)))
}
