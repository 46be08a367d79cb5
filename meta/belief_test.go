package meta

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openbisfs/openbisfs/client"
)

func TestOneDirectorysFailureIsItsOwn(t *testing.T) {
	src := smallLab()
	src.setIntercept(func(_ context.Context, method, subject string) error {
		if subject == "DS-1" || subject == "o-LAB-P-LOOSE" {
			return fmt.Errorf("%s %s: %w", method, subject, client.ErrServer)
		}
		return nil
	})
	tree := newTestTree(t, src, Options{})
	for _, path := range []string{"/LAB/P", "/LAB/P/C", "/LAB/P/C/WITH", "/LAB/P/C/WITH/DS-2"} {
		list(t, tree, path)
	}
	for _, path := range []string{"/LAB/P/LOOSE", "/LAB/P/C/WITH/DS-1"} {
		_, err := tree.List(t.Context(), at(t, tree, path))
		if !errors.Is(err, client.ErrServer) || errors.Is(err, ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
		_, err = tree.Lookup(t.Context(), at(t, tree, path), "anything")
		if !errors.Is(err, client.ErrServer) || errors.Is(err, ErrNotExist) {
			t.Errorf("a look-up in %s: %v", path, err)
		}
	}
}

func TestFilesThatTheDataStoreDoesNotFindAreNotAbsent(t *testing.T) {
	src := smallLab()
	delete(src.files, "DS-1")
	tree := newTestTree(t, src, Options{})
	_, err := tree.List(t.Context(), at(t, tree, "/LAB/P/C/WITH/DS-1"))
	if err == nil || errors.Is(err, client.ErrNotFound) || errors.Is(err, ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestNewsAppearWithinTheTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := smallLab()
		tree := newTestTree(t, src, Options{TTL: 10 * time.Second})
		c := at(t, tree, "/LAB/P/C")
		before := names(list(t, tree, "/LAB/P/C"))
		with := at(t, tree, "/LAB/P/C/WITH")
		list(t, tree, "/LAB/P/C/WITH")

		src.mu.Lock()
		src.addObject("/LAB/P/C/NEW")
		src.addDataSet(src.objects[2], "DS-3", "original/c.csv") // of WITH
		src.mu.Unlock()
		advance(10*time.Second - 1)
		if diff := cmp.Diff(before, names(list(t, tree, "/LAB/P/C"))); diff != "" {
			t.Errorf("too early: %s", diff)
		}
		advance(1)
		if _, err := tree.Lookup(t.Context(), c, "NEW"); err != nil {
			t.Errorf("too late: %v", err)
		}
		src.taken()
		// a directory that was open all the time profits from the new listing of its parent
		l, err := tree.List(t.Context(), with)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := l.Find("DS-3"); !ok {
			t.Errorf("too late: %q", names(l))
		}
		if diff := cmp.Diff(map[string]int{}, src.taken()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestADirectoryThatStaysOpenIsRefreshedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := smallLab()
		tree := newTestTree(t, src, Options{TTL: 10 * time.Second})
		with := at(t, tree, "/LAB/P/C/WITH")
		space := at(t, tree, "/LAB")
		src.mu.Lock()
		src.addDataSet(src.objects[2], "DS-3")
		src.addProject("LAB", "NEW")
		src.mu.Unlock()
		advance(time.Minute)
		src.taken()
		if _, err := tree.Lookup(t.Context(), with, "DS-3"); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(map[string]int{"ObjectContents": 1}, src.taken()); diff != "" {
			t.Error(diff)
		}
		if _, err := tree.Lookup(t.Context(), space, "NEW"); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(map[string]int{"Spaces": 1, "SpaceContents": 1}, src.taken()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestFilesAreAskedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := smallLab()
		src.files["DS-2"][0].HasCRC32 = false
		tree := newTestTree(t, src, Options{})
		whole, unfinished := at(t, tree, "/LAB/P/C/WITH/DS-1"), at(t, tree, "/LAB/P/C/WITH/DS-2")
		for _, d := range []*Entry{whole, unfinished} {
			if _, err := tree.List(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		if e := at(t, tree, "/LAB/P/C/WITH/DS-2/original/b.csv"); e.Immutable() {
			t.Error("a file without a checksum can still change")
		}
		advance(time.Hour)
		src.taken()
		for range 3 {
			for _, d := range []*Entry{whole, unfinished} {
				if _, err := tree.Lookup(t.Context(), d, "original"); err != nil {
					t.Fatal(err)
				}
			}
		}
		if diff := cmp.Diff(map[string]int{"Files": 1}, src.taken()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatIsKnownIsShownWhileTheServerIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := smallLab()
		tree := newTestTree(t, src, Options{})
		root := at(t, tree, "/")
		list(t, tree, "/LAB/P/C")
		list(t, tree, "/LAB/P/C/WITH/DS-1")
		advance(24 * time.Hour)
		src.failing(fmt.Errorf("connect: %w", client.ErrUnavailable))
		for _, path := range []string{"/LAB/P/C", "/LAB/P/C/WITH", "/LAB/P/C/WITH/DS-1/original", "/LAB/P/C/WITHOUT"} {
			if l := list(t, tree, path); l.Len() == 0 {
				t.Errorf("%s is empty", path)
			}
		}
		for _, path := range []string{"/LAB/P/LOOSE", "/LAB/P/C/DS-C"} { // never listed
			_, err := tree.List(t.Context(), at(t, tree, path))
			if !errors.Is(err, client.ErrUnavailable) || errors.Is(err, ErrNotExist) {
				t.Errorf("%s: %v", path, err)
			}
		}
		src.setIntercept(nil)
		src.mu.Lock()
		src.addSpace("NEW")
		src.mu.Unlock()
		advance(probeInterval)
		if _, err := tree.Lookup(t.Context(), root, "NEW"); err != nil {
			t.Errorf("after the server came back: %v", err)
		}
	})
}

// A walk through what is known must not wait once for each directory.
func TestWhileTheServerIsDownOneCallerTriesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := smallLab()
		tree := newTestTree(t, src, Options{})
		paths := []string{"/", "/LAB", "/LAB/P", "/LAB/P/C", "/LAB/P/C/WITH"}
		for _, path := range paths {
			list(t, tree, path)
		}
		advance(time.Hour)
		src.setIntercept(func(ctx context.Context, _, _ string) error { // stands still
			<-ctx.Done()
			return fmt.Errorf("no answer: %w", context.DeadlineExceeded)
		})
		_, _ = tree.List(t.Context(), at(t, tree, "/")) // finds out
		src.taken()
		start := time.Now()
		for _, path := range paths {
			list(t, tree, path)
		}
		if waited := time.Since(start); waited > staleGrace {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestASpaceThatVanishedIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := smallLab()
		tree := newTestTree(t, src, Options{})
		space := at(t, tree, "/OTHER")
		src.mu.Lock()
		src.spaces = src.spaces[:1]
		src.mu.Unlock()
		advance(time.Hour)
		if _, err := tree.List(t.Context(), space); !errors.Is(err, ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
}

func TestManyReadersOfAServerThatChangesAndFails(t *testing.T) {
	src := smallLab()
	tree := newTestTree(t, src, Options{TTL: -1, Memory: 20 * int64(entryCost)})
	root := at(t, tree, "/")
	var walk func(dir *Entry) error
	walk = func(dir *Entry) error {
		l, err := tree.List(t.Context(), dir)
		if err != nil {
			return err
		}
		for i := range l.Len() {
			switch e := l.At(i); e.Type {
			case Dir:
				if err := walk(e); err != nil {
					return err
				}
			case Document:
				if text, err := tree.Document(t.Context(), e); err != nil || int64(len(text)) != e.Size {
					return fmt.Errorf("%s: %d bytes of %d: %w", e.Path(), len(text), e.Size, err)
				}
			}
			if e, err := tree.Lookup(t.Context(), dir, l.At(i).Name); err != nil || e.Inode != l.At(i).Inode {
				return fmt.Errorf("%s is %v: %w", l.At(i).Path(), e, err)
			}
		}
		return nil
	}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for range 5 {
				if err := walk(root); err != nil && !errors.Is(err, client.ErrServer) {
					t.Error(err)
				}
			}
		})
	}
	for i := range 50 {
		src.mu.Lock()
		src.addObject(fmt.Sprintf("/LAB/P/C/NEW-%d", i))
		src.mu.Unlock()
		if i%10 == 9 {
			src.failing(client.ErrServer, "CollectionContents")
		} else {
			src.setIntercept(nil)
		}
	}
	src.setIntercept(nil)
	wg.Wait()
}
