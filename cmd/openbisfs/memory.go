package main

import (
	"os"
	"runtime/debug"
)

// runtimeMemory is what the process may need beside the blocks: code, goroutines, listings.
const runtimeMemory = 48 << 20

// limitMemory makes the garbage collector work harder before the process outgrows its block cache.
func limitMemory(cache byteSize) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(cache) + runtimeMemory)
	}
}
