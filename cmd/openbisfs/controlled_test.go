package main

import (
	"context"
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// answered sends one line to a read-only mount's socket and returns what comes back.
func answered(t *testing.T, line string) (r reply, ok bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "socket")
	var lc net.ListenConfig
	listener, err := lc.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	c := newControlled(&mountJob{MountPoint: "/mnt/lab", Target: target{URL: "https://lab.example"}}, nil, nil, nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.serve(context.WithoutCancel(t.Context()), listener)
	}()
	defer func() {
		_ = listener.Close()
		<-ended
	}()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(line)); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(line, "\n") { // after a request it would mean that the answer is not wanted
		if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
	}
	return r, json.NewDecoder(conn).Decode(&r) == nil
}

func TestTheProcessBehindAMountSaysWhatItIs(t *testing.T) {
	r, ok := answered(t, `{"op":"status"}`+"\n")
	if !ok || !r.Done || r.Error != "" || r.Mount == nil || r.Mount.MountPoint != "/mnt/lab" || r.Mount.Target != "https://lab.example" || r.Mount.Writable {
		t.Errorf("status: %+v, mount %+v", r, r.Mount)
	}
}

func TestAReadOnlyMountHasNothingToRegister(t *testing.T) {
	for _, op := range []operation{opCommit, opRetry, opDiscard} {
		if r, _ := answered(t, `{"op":"`+string(op)+`","ids":["x"]}`+"\n"); !r.Done || !strings.Contains(r.Error, "read-only") {
			t.Errorf("%s: %+v", op, r)
		}
	}
	if r, _ := answered(t, `{"op":"drain"}`+"\n"); !r.Done || r.Error != "" {
		t.Errorf("drain: %+v", r)
	}
}

func TestWhoAsksNothingGetsNoAnswer(t *testing.T) {
	for _, line := range []string{"", "\x00\xff", "[]\n"} {
		if r, ok := answered(t, line); ok {
			t.Errorf("%q is answered with %+v", line, r)
		}
	}
}
