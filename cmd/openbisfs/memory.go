package main

import (
	"os"
	"runtime/debug"
)

// runtimeMemory is what the process may need beside what it caches: code, goroutines, answers on their way.
const runtimeMemory = 48 << 20

// limitMemory makes the garbage collector work harder before the process outgrows its block cache.
func limitMemory(caches byteSize) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(caches) + runtimeMemory)
	}
}
