package fs

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if command := os.Getenv(helperVariable); command != "" {
		os.Exit(helperMain(command, os.Args[1:]))
	}
	waitTogether()
	goleak.VerifyTestMain(m)
}

// waitTogether lets more parallel tests run than there are processors: they wait most of the time.
func waitTogether() {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		if err := flag.Set("test.parallel", "16"); err != nil {
			panic(err)
		}
	}
}
