package fs

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if command := os.Getenv(helperVariable); command != "" {
		os.Exit(helperMain(command, os.Args[1:]))
	}
	goleak.VerifyTestMain(m)
}
