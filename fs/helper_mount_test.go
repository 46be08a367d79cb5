package fs

import (
	"context"
	"fmt"
	"log/slog"
	"os"
)

// helperMount mounts the server at URL on DIR, with the staging directory DRAFTS if that is given, says so with a line on standard
// output, and serves until it is unmounted or killed.
func helperMount(args []string) (any, error) {
	o := defaultOptions()
	if len(args) > 2 {
		o.write = args[2]
	}
	ctx := context.Background()
	w, err := wire(ctx, args[0], &o, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return nil, err
	}
	server, err := Mount(ctx, args[1], w.config)
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintln(os.Stdout, "mounted"); err != nil {
		return nil, err
	}
	server.Wait()
	return "unmounted", w.close(ctx)
}
