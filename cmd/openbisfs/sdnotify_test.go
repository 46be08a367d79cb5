package main

import (
	"net"
	"path/filepath"
	"testing"
)

func TestSystemdIsToldWhenItAsks(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	notifySystemd("READY=1") // nobody asks: nothing happens

	address := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	t.Setenv("NOTIFY_SOCKET", address)
	notifySystemd("READY=1")
	buf := make([]byte, 64)
	if n, err := conn.Read(buf); err != nil || string(buf[:n]) != "READY=1" {
		t.Errorf("%q, %v", buf[:n], err)
	}
}
