package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// build describes the binary.
type build struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	FUSE     string `json:"goFuse"`
}

func thisBuild() build {
	b := build{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, FUSE: "unknown"}
	if info, ok := debug.ReadBuildInfo(); ok {
		at := slices.IndexFunc(info.Deps, func(m *debug.Module) bool { return strings.Contains(m.Path, "/go-fuse/") })
		if at >= 0 {
			b.FUSE = info.Deps[at].Version
		}
		if version == "unknown" && info.Main.Version != "" && info.Main.Version != "(devel)" {
			b.Version = info.Main.Version
		}
	}
	return b
}

func runVersion(_ context.Context, inv *invocation, args []string) error {
	f := newFlagSet(inv, "version [--json]")
	asJSON := f.Bool("json", false, "print JSON")
	if err := f.parse(args, 0, 0); err != nil {
		return err
	}
	b := thisBuild()
	if *asJSON {
		return json.NewEncoder(inv.out).Encode(b)
	}
	_, err := fmt.Fprintf(inv.out, "openbisfs %s (%s, %s, go-fuse %s)\n", b.Version, b.Go, b.Platform, b.FUSE)
	return err
}
