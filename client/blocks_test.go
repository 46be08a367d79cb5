package client

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

func TestRandomReadsTakeTheBlocksTheyTouchAndNoMore(t *testing.T) {
	content := pattern(5*BlockSize + 17)
	s, _, f := oneFile(t, content)
	got := make(map[int64][]byte)
	deliver := func(n int64, data []byte) error { got[n] = data; return nil }
	for _, want := range []struct{ first, count int64 }{{3, 1}, {0, 2}, {5, 1}, {3, 1}, {4, 2}} {
		clear(got)
		if err := f.Blocks(t.Context(), want.first, want.count, deliver); err != nil {
			t.Fatal(err)
		}
		if len(got) != int(want.count) {
			t.Errorf("%d blocks, want %d", len(got), want.count)
		}
		for n, data := range got {
			if n < want.first || n >= want.first+want.count || !bytes.Equal(data, content[n*BlockSize:min(len(content), int(n+1)*BlockSize)]) {
				t.Errorf("block %d, %d bytes", n, len(data))
			}
		}
	}
	wantCalls(t, s, map[string]int{"file-transfer/start": 1, "file-transfer/queue": 5, "file-transfer/download": 5})
	if n := s.ContentBytes(); n != 5*BlockSize+2*17 {
		t.Errorf("%d bytes of content", n)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if n := s.Calls()["file-transfer/finish"]; n != 1 {
		t.Errorf("%d sessions finished", n)
	}
}

func TestBlocksOutsideOfTheFileAreRefusedWithoutACall(t *testing.T) {
	s, _, f := oneFile(t, pattern(BlockSize+1))
	for _, r := range []struct{ first, count int64 }{{-1, 1}, {2, 1}, {0, 3}, {1, 2}, {0, -1}} {
		if err := f.Blocks(t.Context(), r.first, r.count, nil); err == nil {
			t.Errorf("%d+%d: no error", r.first, r.count)
		}
	}
	if err := f.Blocks(t.Context(), 0, 0, nil); err != nil {
		t.Error(err)
	}
	for _, offset := range []int64{-1, BlockSize + 2} {
		if _, _, err := f.Stream(t.Context(), offset); err == nil {
			t.Errorf("offset %d: no error", offset)
		}
	}
	wantCalls(t, s, map[string]int{})
}

func TestClientCloseFinishesDownloadSessions(t *testing.T) {
	s, c, f := oneFile(t, pattern(10))
	if err := f.Blocks(t.Context(), 0, 1, func(int64, []byte) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if n := s.Calls()["file-transfer/finish"]; n != 1 {
		t.Errorf("%d sessions finished", n)
	}
}

func TestNoFreeStreamIsUnsupportedForNow(t *testing.T) {
	lab := openbistest.SmallLab()
	s := openbistest.NewServer(t, openbistest.Options{Lab: lab, MaxStreams: 2})
	c := login(t, s, "demo")
	ds, d := dataSet(t, c, s, readableFiles)
	var open []*Content
	free := func() error {
		for path, n := range nodes(d.Root) {
			if n.IsFolder() {
				continue
			}
			f := c.Content(ds, fileOf(d, path, n))
			open = append(open, f)
			return f.Blocks(t.Context(), 0, 1, func(int64, []byte) error { return nil })
		}
		return errors.New("no file")
	}
	if err := free(); err != nil {
		t.Fatal(err)
	}
	if err := free(); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "try again later") {
		t.Errorf("got %v", err)
	}
	for _, f := range open {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := free(); err != nil {
		t.Error(err)
	}
	_ = open[len(open)-1].Close()
}

func TestAServerWithoutFileTransferIsUnsupported(t *testing.T) {
	for name, fault := range map[string]openbistest.Fault{
		"older": {Kind: openbistest.Status, Status: 405}, "gone": {Kind: openbistest.Status, Status: 404},
		"page": {Kind: openbistest.LoginPage},
	} {
		s, _, f := oneFile(t, pattern(10))
		fault.Method = "file-transfer/start"
		s.Faults.Add(fault)
		if err := f.Blocks(t.Context(), 0, 1, nil); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestTroubleInTheMiddleOfBlocksIsOvercome(t *testing.T) {
	t.Parallel()
	content := pattern(4*BlockSize + 5)
	for name, fault := range map[string]openbistest.Fault{
		"reset before":    {Kind: openbistest.ResetBefore, Method: "file-transfer/download"},
		"truncated":       {Kind: openbistest.Truncate, Bytes: BlockSize + BlockSize/2, Method: "file-transfer/download"},
		"cut in a header": {Kind: openbistest.Truncate, Bytes: 10, Method: "file-transfer/download"},
		"damaged payload": {Kind: openbistest.WrongBytes, Bytes: BlockSize + 200, Method: "file-transfer/download"},
		"damaged header":  {Kind: openbistest.WrongBytes, Bytes: 3, Method: "file-transfer/download"},
		"unavailable":     {Kind: openbistest.Status, Status: 503, Method: "file-transfer/queue", Times: 2},
		"start reset":     {Kind: openbistest.ResetBefore, Method: "file-transfer/start", Times: 2},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, f := oneFile(t, content)
			active := s.Faults.Add(fault)
			got := make([]byte, len(content))
			delivered := make(map[int64]int)
			err := f.Blocks(t.Context(), 0, 5, func(n int64, data []byte) error {
				delivered[n]++
				copy(got[n*BlockSize:], data)
				return nil
			})
			if err != nil || !bytes.Equal(got, content) || len(delivered) != 5 {
				t.Errorf("%d blocks, %v", len(delivered), err)
			}
			for n, times := range delivered {
				if times != 1 {
					t.Errorf("block %d was delivered %d times", n, times)
				}
			}
			if active.Hits() == 0 {
				t.Error("nothing happened")
			}
		})
	}
}

func TestLastingTroubleWithBlocksIsAnError(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault openbistest.Fault
		want  error
	}{
		"damaged":     {openbistest.Fault{Kind: openbistest.WrongBytes, Bytes: 300}, ErrCorrupt},
		"truncated":   {openbistest.Fault{Kind: openbistest.Truncate, Bytes: 300}, ErrCorrupt},
		"reset":       {openbistest.Fault{Kind: openbistest.ResetBefore}, ErrUnavailable},
		"unavailable": {openbistest.Fault{Kind: openbistest.Status, Status: 503}, ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, f := oneFile(t, pattern(BlockSize))
			test.fault.Method, test.fault.Times = "file-transfer/download", -1
			s.Faults.Add(test.fault)
			err := f.Blocks(t.Context(), 0, 1, func(int64, []byte) error { t.Error("delivered"); return nil })
			if !errors.Is(err, test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Chunks that an aborted download has left in the queue come first in the next one of the session.
func TestStaleChunksAreSkipped(t *testing.T) {
	content := pattern(4 * BlockSize)
	_, _, f := oneFile(t, content)
	none := func(int64, []byte) error { return nil }
	if err := f.Blocks(t.Context(), 0, 1, none); err != nil {
		t.Fatal(err)
	}
	for _, stale := range []string{"2:2", "0:1", "3:3"} {
		if err := f.queue(t.Context(), f.transfer, stale); err != nil {
			t.Fatal(err)
		}
	}
	var got []int64
	err := f.Blocks(t.Context(), 3, 1, func(n int64, data []byte) error {
		got = append(got, n)
		if !bytes.Equal(data, content[3*BlockSize:]) {
			t.Error("wrong bytes")
		}
		return nil
	})
	if err != nil || !slices.Equal(got, []int64{3}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestABurstThatIsBrokenOffLeavesTheNextOneInPeace(t *testing.T) {
	content := pattern(6 * BlockSize)
	s, _, f := oneFile(t, content)
	enough := errors.New("enough")
	if err := f.Blocks(t.Context(), 0, 6, func(int64, []byte) error { return enough }); !errors.Is(err, enough) {
		t.Fatalf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := f.Blocks(ctx, 0, 6, func(int64, []byte) error { cancel(); return nil }); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if err := f.Blocks(ctx, 0, 1, nil); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if err := f.Blocks(t.Context(), 5, 1, func(n int64, data []byte) error {
		if n != 5 || !bytes.Equal(data, content[5*BlockSize:]) {
			t.Errorf("block %d is wrong", n)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if calls := s.Calls(); calls["file-transfer/start"] != calls["file-transfer/finish"] {
		t.Errorf("%v", calls)
	}
}
