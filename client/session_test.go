package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openbisfs/openbisfs/client/openbistest"
)

func TestAnExpiredSessionIsRenewedOnceForAllCallers(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	for name, end := range map[string]func(){"idle": s.ExpireSessions, "restart": s.LoseSessions} {
		t.Run(name, func(t *testing.T) {
			end()
			s.ResetCounters()
			var callers sync.WaitGroup
			for range 20 {
				callers.Go(func() {
					if spaces, err := c.Spaces(t.Context()); err != nil || len(spaces) == 0 {
						t.Errorf("got %d spaces, %v", len(spaces), err)
					}
				})
			}
			callers.Wait()
			if n := s.Calls()["login"]; n != 1 {
				t.Errorf("%d logins", n)
			}
		})
	}
}

func TestTheSessionMayEndAtAnyCall(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	ctx := t.Context()
	ds, d := dataSet(t, c, s, readableFiles)
	for method, call := range map[string]func() error{
		"searchSpaces":        func() error { _, err := c.Spaces(ctx); return err },
		"executeOperations":   func() error { _, err := c.ObjectContents(ctx, d.Sample.PermID); return err },
		"listFilesForDataSet": func() error { _, err := c.ListFiles(ctx, ds); return err },
		"searchFiles":         func() error { _, err := c.SearchFiles(ctx, ds); return err },
		"listDataStores":      func() error { _, err := c.ListDataStores(ctx); return err },
		"createFastDownloadSession": func() error {
			f, err := c.CreateFastDownloadSession(ctx, ds, "original")
			if err == nil && len(f.Paths) != 1 {
				return errors.New("no path")
			}
			return err
		},
		"download":            func() error { return downloadAll(t, c, ds, d) },
		"file-transfer/start": func() error { return blocksOfAll(t, c, ds, d) },
	} {
		t.Run(method, func(t *testing.T) {
			s.ResetCounters()
			end := s.Faults.Add(openbistest.Fault{Kind: openbistest.ExpiredSession, Method: method})
			defer end.Remove()
			if err := call(); err != nil {
				t.Error(err)
			}
			if n := s.Calls()["login"]; n != 1 || end.Hits() != 1 {
				t.Errorf("%d logins after %d ends of the session", n, end.Hits())
			}
		})
	}
}

// A data store that has not heard of the end of a session lets the token pass and then denies access.
func TestASessionLostInARestartOfTheApplicationServerIsNoMatterOfRights(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	ds, d := dataSet(t, c, s, readableFiles)
	if err := downloadAll(t, c, ds, d); err != nil {
		t.Fatal(err)
	}
	s.LoseSessions()
	s.ResetCounters()
	if err := downloadAll(t, c, ds, d); err != nil {
		t.Error(err)
	}
	s.LoseSessions()
	if err := blocksOfAll(t, c, ds, d); err != nil {
		t.Error(err)
	}
	if n := s.Calls()["login"]; n == 0 || n > 2 {
		t.Errorf("%d logins", n)
	}
}

// The access guard of the v1 service turns the end of a session into a missing right.
func TestTheGuardOfTheListingsHidesTheEndOfTheSession(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{GuardMasksSessions: true})
	c := login(t, s, "demo")
	ds, _ := dataSet(t, c, s, readableFiles)
	s.LoseSessions()
	s.ResetCounters()
	if files, err := c.Files(t.Context(), ds); err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	if n := s.Calls()["login"]; n != 1 {
		t.Errorf("%d logins", n)
	}
}

func TestAWrongPasswordIsSaidAndNotTriedAgainAndAgain(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := newTestClient(t, Options{URL: s.URL, User: "demo", Password: func(context.Context) (string, error) { return "falsch", nil }})
	for range 3 {
		err := c.Connect(t.Context())
		if !errors.Is(err, ErrUnauthenticated) || !strings.Contains(err.Error(), "wrong user or password") || strings.Contains(err.Error(), "falsch") {
			t.Errorf("got %v", err)
		}
	}
	wantCalls(t, s, map[string]int{"login": 1})
}

func TestAUserWithoutRolesIsForbidden(t *testing.T) {
	lab := openbistest.SmallLab()
	lab.AddPerson(&openbistest.Person{UserID: "guest", Password: "guest", NoRoles: true})
	s := openbistest.NewServer(t, openbistest.Options{Lab: lab})
	c := newTestClient(t, Options{URL: s.URL, User: "guest", Password: func(context.Context) (string, error) { return "guest", nil }})
	if err := c.Connect(t.Context()); !errors.Is(err, ErrForbidden) {
		t.Errorf("got %v", err)
	}
}

func TestNoPasswordNoLogin(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	refused := errors.New("no terminal")
	c := newTestClient(t, Options{URL: s.URL, User: "demo", Password: func(context.Context) (string, error) { return "", refused }})
	if err := c.Connect(t.Context()); !errors.Is(err, ErrUnauthenticated) || !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	c = newTestClient(t, Options{URL: s.URL, User: "demo", Password: func(context.Context) (string, error) { return "", nil }})
	if err := c.Connect(t.Context()); !errors.Is(err, ErrUnauthenticated) {
		t.Errorf("got %v", err)
	}
	wantCalls(t, s, map[string]int{})
}

func TestASessionTokenWorksAsLongAsItsSession(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	token := s.Login("demo")
	c := newTestClient(t, Options{URL: s.URL, Token: token})
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	ds, d := dataSet(t, c, s, readableFiles)
	if err := downloadAll(t, c, ds, d); err != nil {
		t.Error(err)
	}
	s.ExpireSessions()
	for range 2 {
		if _, err := c.Spaces(t.Context()); !errors.Is(err, ErrUnauthenticated) || strings.Contains(err.Error(), token) {
			t.Errorf("got %v", err)
		}
	}
	if n := s.Calls()["login"]; n != 0 {
		t.Errorf("%d logins", n)
	}
}

func TestASessionTokenOfOthersIsNotLoggedOut(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c, err := New(Options{URL: s.URL, Token: s.Login("demo")})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(t.Context()); err != nil || s.Sessions() != 1 {
		t.Errorf("%d sessions are left, %v", s.Sessions(), err)
	}
}

func TestCloseLogsOutAndRefusesWhatComesAfter(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	if err := c.Close(t.Context()); err != nil || s.Sessions() != 0 {
		t.Errorf("%d sessions are left, %v", s.Sessions(), err)
	}
	if _, err := c.Spaces(t.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	wantCalls(t, s, map[string]int{"logout": 1})
}

func TestOtherLoginsPushTheSessionOutAndItComesBack(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	for range 5 {
		s.Login("demo")
	}
	if active, err := c.IsSessionActive(t.Context()); active || err != nil {
		t.Errorf("active: %v, %v", active, err)
	}
	if _, err := c.Spaces(t.Context()); err != nil {
		t.Error(err)
	}
	for name, ask := range map[string]func(context.Context) (bool, error){"v3": c.IsSessionActive, "v1": c.IsSessionActiveV1} {
		if active, err := ask(t.Context()); !active || err != nil {
			t.Errorf("%s: active: %v, %v", name, active, err)
		}
	}
	if n := s.Calls()["login"]; n != 1 {
		t.Errorf("%d logins", n)
	}
}

func TestLogoutEndsTheSessionUntilTheNextCall(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := login(t, s, "demo")
	if err := c.Logout(t.Context()); err != nil || s.Sessions() != 0 {
		t.Errorf("%d sessions, %v", s.Sessions(), err)
	}
	if active, err := c.IsSessionActive(t.Context()); active || err != nil {
		t.Errorf("active: %v, %v", active, err)
	}
	if _, err := c.Spaces(t.Context()); err != nil || s.Sessions() != 1 {
		t.Errorf("%d sessions, %v", s.Sessions(), err)
	}
	c = newTestClient(t, Options{URL: s.URL, Token: s.Login("demo")})
	if err := c.Logout(t.Context()); err != nil || s.Sessions() != 1 {
		t.Errorf("%d sessions, %v", s.Sessions(), err)
	}
	if _, err := c.Spaces(t.Context()); !errors.Is(err, ErrUnauthenticated) {
		t.Errorf("got %v", err)
	}
}

func TestAWaitForALoginEndsWithItsCallerAndTheLoginGoesOn(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	c := newTestClient(t, Options{URL: s.URL, User: "demo", Password: func(context.Context) (string, error) { return "demo", nil }})
	stall := s.Faults.Add(openbistest.Fault{Kind: openbistest.Stall, Method: "login"})
	first, cancel := context.WithCancel(t.Context())
	results := make(chan error, 2)
	go func() { _, err := c.Spaces(first); results <- err }()
	<-stall.Hit()
	go func() { _, err := c.Spaces(t.Context()); results <- err }()
	cancel()
	if err := <-results; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	stall.Release()
	if err := <-results; err != nil {
		t.Error(err)
	}
	if n := s.Calls()["login"]; n != 1 {
		t.Errorf("%d logins", n)
	}
}

func TestPersonalAccessToken(t *testing.T) {
	var now atomic.Int64
	now.Store(time.Now().UnixMilli())
	s := openbistest.NewServer(t, openbistest.Options{Clock: func() time.Time { return time.UnixMilli(now.Load()) }})
	owner := login(t, s, "demo")
	from := time.UnixMilli(now.Load())
	pat, err := owner.CreatePersonalAccessToken(t.Context(), "mount", from, from.Add(time.Hour))
	if err != nil || !strings.HasPrefix(pat, "$pat-demo-") {
		t.Fatalf("got %q, %v", pat, err)
	}

	var logged bytes.Buffer
	c := newTestClient(t, Options{URL: s.URL, Token: pat, Logger: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := c.SessionInformation(t.Context())
	if err != nil || !info.PersonalAccessToken || info.PersonalAccessTokenSession != "mount" || info.Person.UserID != "demo" {
		t.Errorf("got %+v, %v", info, err)
	}
	ds, d := dataSet(t, c, s, readableFiles)
	s.ResetCounters()
	if files, err := c.ListFiles(t.Context(), ds); err != nil || len(files) == 0 { // the v1 service takes no such token
		t.Errorf("%d files, %v", len(files), err)
	}
	if err := downloadAll(t, c, ds, d); err != nil {
		t.Error(err)
	}
	if err := blocksOfAll(t, c, ds, d); err != nil {
		t.Error(err)
	}
	if n := s.Calls()["getSessionInformation"]; n != 1 {
		t.Errorf("the token was exchanged %d times", n)
	}
	if err := c.Logout(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := c.CreatePersonalAccessToken(t.Context(), "another", from, from.Add(time.Hour)); err == nil {
		t.Error("a token made a token")
	}

	now.Add(time.Hour.Milliseconds() + 1)
	for range 2 {
		_, err = c.Spaces(t.Context())
		if !errors.Is(err, ErrUnauthenticated) || !strings.Contains(err.Error(), "no longer valid") {
			t.Errorf("got %v", err)
		}
	}
	if strings.Contains(logged.String(), pat) || strings.Contains(logged.String(), info.SessionToken) {
		t.Error("the log has a token in it")
	}
}

func TestATokenThatNoLongerWorksGivesWayToThePassword(t *testing.T) {
	s := openbistest.NewServer(t, openbistest.Options{})
	for _, token := range []string{
		"$pat-demo-250101000000000x0123456789ABCDEF0123456789ABCDEF", "demo-250101000000000x0123456789ABCDEF0123456789ABCDEF",
	} {
		c := login(t, s, "demo", func(o *Options) { o.Token = token })
		ds, d := dataSet(t, c, s, readableFiles)
		if err := downloadAll(t, c, ds, d); err != nil {
			t.Error(err)
		}
	}
}

// readableFiles is the condition for a physical dataset whose files can be read in every way.
func readableFiles(d *openbistest.DataSet) bool {
	if d.Kind != "PHYSICAL" || d.Sample == nil || d.Physical.Status != "AVAILABLE" {
		return false
	}
	files := 0
	for path, n := range nodes(d.Root) {
		if n.HDF5Archive || strings.Contains(path, ",") {
			return false
		}
		if !n.IsFolder() {
			files++
			if n.Content.Size() > 8<<20 {
				return false
			}
		}
	}
	return files > 0
}

// downloadAll streams all files of the dataset and compares them with the lab's.
func downloadAll(t *testing.T, c *Client, ds *DataSet, d *openbistest.DataSet) error {
	t.Helper()
	for path, n := range nodes(d.Root) {
		if n.IsFolder() {
			continue
		}
		content := c.Content(ds, fileOf(d, path, n))
		body, start, err := content.Stream(t.Context(), 0)
		if err != nil {
			return err
		}
		got, err := io.ReadAll(body)
		if err := errors.Join(err, body.Close(), content.Close()); err != nil {
			return err
		}
		if !bytes.Equal(got, bytesOf(t, n)) || start != 0 {
			t.Errorf("%s: %d bytes from %d on, want %d", path, len(got), start, n.Content.Size())
		}
	}
	return nil
}

// blocksOfAll fetches all files of the dataset in blocks and compares them with the lab's.
func blocksOfAll(t *testing.T, c *Client, ds *DataSet, d *openbistest.DataSet) error {
	t.Helper()
	for path, n := range nodes(d.Root) {
		if n.IsFolder() {
			continue
		}
		content := c.Content(ds, fileOf(d, path, n))
		got := make([]byte, n.Content.Size())
		count := max(n.Content.Size()-1, 0)/BlockSize + 1
		var delivered int64
		err := content.Blocks(t.Context(), 0, count, func(n int64, data []byte) error {
			delivered++
			copy(got[n*BlockSize:], data)
			return nil
		})
		if err := errors.Join(err, content.Close()); err != nil {
			return err
		}
		if !bytes.Equal(got, bytesOf(t, n)) || delivered != count {
			t.Errorf("%s: %d blocks of %d, or wrong bytes", path, delivered, count)
		}
	}
	return nil
}

func fileOf(d *openbistest.DataSet, path string, n *openbistest.Node) File {
	f := File{DataSet: d.PermID, Path: path, Size: n.Content.Size()}
	if !n.NoCRC {
		f.CRC32, f.HasCRC32 = n.Content.CRC32(), true
	}
	return f
}

func bytesOf(t *testing.T, n *openbistest.Node) []byte {
	t.Helper()
	b, err := io.ReadAll(io.NewSectionReader(n.Content, 0, n.Content.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
