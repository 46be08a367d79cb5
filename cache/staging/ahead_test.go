package staging

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// early lets uploads begin with the first slices.
func early(o *Options) { o.Ahead, o.Rescan = 2*aheadSlice, 6*time.Hour }

// paper is a file draft that is written, and what it should have.
type paper struct {
	*testing.T
	d    *Draft
	f    *File
	want []byte
}

func newPaper(t *testing.T, s *Store, name string) *paper {
	t.Helper()
	d, err := s.Create(testOwner, name, false)
	must(t, err)
	f, err := d.OpenFile("", syscall.O_RDWR, 0)
	must(t, err)
	return &paper{T: t, d: d, f: f}
}

func (p *paper) write(off int64, b []byte) {
	if grown := off + int64(len(b)) - int64(len(p.want)); grown > 0 {
		p.want = append(p.want, make([]byte, grown)...)
	}
	copy(p.want[off:], b)
	if _, err := p.f.WriteAt(b, off); err != nil {
		p.Error(err)
	}
}

func (p *paper) truncate(size int64) {
	if grown := size - int64(len(p.want)); grown > 0 {
		p.want = append(p.want, make([]byte, grown)...)
	}
	p.want = p.want[:size]
	if err := p.f.Truncate(size); err != nil {
		p.Error(err)
	}
}

func text(n int, seed byte) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

func TestWhatIsWrittenFromFrontToBackIsSentBeforeItIsComplete(t *testing.T) {
	const slices = 20
	for _, test := range []struct {
		name   string
		change func(p *paper)
		kept   int
		plans  int
	}{
		{"untouched", func(*paper) {}, slices, 1},
		{"one byte in the middle", func(p *paper) { p.write(5*aheadSlice, []byte("x")) }, slices - 1, 1},
		{"across slices", func(p *paper) { p.write(5*aheadSlice-1, []byte("xy")) }, slices - 2, 1},
		{"the first byte and the last", func(p *paper) { p.write(0, []byte("x")); p.write(slices*aheadSlice-1, []byte("x")) }, slices - 2, 1},
		{"the same bytes", func(p *paper) { p.write(0, p.want[:10]) }, slices - 1, 1},
		{"everything", func(p *paper) { p.write(0, text(slices*aheadSlice, 9)) }, 0, 1},
		{"longer, with a hole", func(p *paper) { p.write(40*aheadSlice, []byte("end")) }, slices, 1},
		{"made longer", func(p *paper) { p.truncate(41 * aheadSlice) }, slices, 1},
		{"shorter than what was sent", func(p *paper) { p.truncate(5) }, 0, 2},
		{"shorter, and as long again", func(p *paper) { p.truncate(50); p.truncate(slices * aheadSlice) }, 0, 2},
		{"emptied and written again", func(p *paper) { p.truncate(0); p.write(0, text(30, 8)) }, 0, 2},
		{"renamed", func(p *paper) { must(p.T, p.d.Rename(p.Context(), testOwner, "other")) }, 0, 2},
		{"moved to another owner", func(p *paper) { must(p.T, p.d.Rename(p.Context(), Owner{Kind: Object, PermID: "P"}, "run 7")) }, slices, 1},
		{"described", func(p *paper) { must(p.T, p.d.SetMeta(p.Context(), Meta{Type: "T"})) }, slices, 1},
		{"held", func(p *paper) { must(p.T, p.d.Hold(p.Context(), "killed")) }, 0, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, server := lab(t, client.UploadedDataSet, early)
				p := newPaper(t, s, "run 7")
				content := text(slices*aheadSlice+aheadSlice, 1) // the last is the distance that is kept
				for off := 0; off < len(content); off += 70 {
					p.write(int64(off), content[off:min(off+70, len(content))])
				}
				synctest.Wait()
				if n := server.count(aheadCall); n != slices {
					t.Errorf("%d slices were sent while it was open", n)
				}
				if r, err := readRecord(p.d.dir, p.d.id); err != nil || r.State != Opened || r.Plan == nil {
					t.Errorf("journal: %+v, %v", r, err)
				}
				test.change(p)
				must(t, p.f.Close())
				must(t, p.d.Commit(within(t, time.Minute)))
				sets := server.registered()
				if len(sets) != 1 || !bytes.Equal(sets[0].files[p.d.Name()], p.want) {
					t.Fatalf("registered something else: %d Datasets", len(sets))
				}
				// While it was sealed the distance was not kept any more.
				if server.kept < test.kept || server.kept > test.kept+1+20 || test.kept == 0 && server.kept > 1 {
					t.Errorf("%d slices were not sent again, want %d", server.kept, test.kept)
				}
				if n := server.count(planCall); n != test.plans {
					t.Errorf("%d plans, want %d", n, test.plans)
				}
				if n := len(server.workspace); n != 0 && test.plans > 1 {
					t.Errorf("left in the workspace: %d uploads", n)
				}
			})
		})
	}
}

func TestNothingIsSentAheadOf(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"small":               func(o *Options) { o.Ahead = 1 << 20 },
		"never":               func(o *Options) { o.Ahead = -1 },
		"run.part":            nil,
		".run.a1B2c3":         nil,
		"written from behind": nil,
		"in pieces":           nil,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, server := lab(t, client.UploadedDataSet, early, func(o *Options) {
					if change != nil {
						change(o)
					}
				})
				p := newPaper(t, s, name)
				content := text(30*aheadSlice, 1)
				switch name {
				case "written from behind":
					for off := len(content) - 50; off >= 0; off -= 50 {
						p.write(int64(off), content[off:off+50])
						synctest.Wait()
					}
				case "in pieces":
					p.write(1, content)
					p.write(aheadSlice*50, content)
				default:
					p.write(0, content)
				}
				synctest.Wait()
				if n := server.count(aheadCall); n != 0 {
					t.Errorf("%d slices were sent", n)
				}
				must(t, p.f.Close())
				must(t, p.d.Discard(t.Context()))
			})
		})
	}
}

// Whatever is written, wherever and by how many, while the beginning is on its way: what is registered is what is on disk.
func TestWhateverIsWrittenDuringAnUploadAheadIsRegistered(t *testing.T) {
	kept := 0
	for seed := range uint64(300) {
		bubble(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			s, server := lab(t, routes[seed%3], early)
			for range random.IntN(3) {
				server.fail(aheadCall, make([]fault, random.IntN(9))...)
				server.fail(aheadCall, faults[random.IntN(len(faults))])
			}
			p := newPaper(t, s, "run 7")
			for range 30 + random.IntN(30) {
				size := int64(len(p.want))
				b := text(1+random.IntN(250), byte(random.Uint32()))
				switch n := random.IntN(20); {
				case n < 13:
					p.write(size, b)
				case n < 16:
					p.write(random.Int64N(size+1), b)
				case n < 17:
					p.truncate(size + random.Int64N(200))
				case n < 18 && random.IntN(12) == 0:
					p.truncate(random.Int64N(size + 1))
				case n < 19:
					<-time.After(time.Duration(random.IntN(200)) * time.Second)
				default:
					synctest.Wait()
				}
			}
			must(t, p.f.Close())
			for range 6 {
				if p.d.Commit(within(t, time.Hour)) == nil {
					break
				}
			}
			sets := server.registered()
			if len(sets) != 1 || !bytes.Equal(sets[0].files["run 7"], p.want) {
				t.Errorf("seed %d: registered something else: %d Datasets; %v", seed, len(sets), p.d.Err())
			}
			server.mu.Lock()
			kept += server.kept
			server.mu.Unlock()
			<-time.After(24 * time.Hour)
		})
	}
	if kept < 500 {
		t.Errorf("%d slices were sent ahead and used: too few to tell anything", kept)
	}
}

// Writers, truncations, and the upload at the same time, for the race detector, and many drafts for few places.
func TestWritersBesideUploadsAhead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, server := lab(t, client.DatasetUploader, early)
		var wg sync.WaitGroup
		var wrong atomic.Int64
		for i := range 10 {
			p := newPaper(t, s, fmt.Sprint("run ", i))
			wg.Go(func() {
				b := text(3000, byte(i))
				var writers sync.WaitGroup
				for part := range 3 {
					writers.Go(func() {
						for off := part * 1000; off < part*1000+1000; off += 10 {
							if _, err := p.f.WriteAt(b[off:off+10], int64(off)); err != nil {
								wrong.Add(1)
							}
						}
					})
				}
				writers.Wait()
				_ = p.f.Close()
				if err := p.d.Commit(within(t, time.Hour)); err != nil {
					wrong.Add(1)
				}
				for _, set := range server.registered() {
					if set.name == p.d.Name() && !bytes.Equal(set.files[set.name], b) {
						wrong.Add(1)
					}
				}
			})
		}
		wg.Wait()
		if wrong.Load() != 0 || len(server.registered()) != 10 {
			t.Errorf("%d failures, %d Datasets", wrong.Load(), len(server.registered()))
		}
	})
}

// The fault matrix of a file that is sent while it is written: every call, every fault, every crash at a transition.
func TestEveryFaultAndCrashOfAnUploadAheadEndsInExactlyOneDataset(t *testing.T) {
	total := 0
	for _, route := range routes {
		for _, call := range []remote{"", planCall, aheadCall, uploadCall, registerCall, discardCall} {
			for _, f := range faults {
				if call == "" && f != faults[0] {
					continue
				}
				c := cell{route: route, call: call, fault: f, crash: -1, failAt: -1}
				t.Run(c.String(), func(t *testing.T) {
					renames := c.runAhead(t)
					total++
					if renames < 6 || renames < 7 && call != planCall { // plan, manifest, sealed, planned, registering, registered, removed
						t.Errorf("%d transitions on disk", renames)
					}
					if call == discardCall || call == uploadCall && route != client.UploadedDataSet {
						return
					}
					crashing := c
					for n := range renames {
						for _, after := range []bool{false, true} {
							crashing.crash, crashing.after = n, after
							t.Run(fmt.Sprintf("crash at %d, after %v", n, after), func(t *testing.T) { crashing.runAhead(t) })
							total++
						}
					}
				})
			}
		}
	}
	t.Logf("%d cells", total)
}

// readBack is what is on disk of a file draft.
func readBack(tb testing.TB, d *Draft) []byte {
	tb.Helper()
	b, err := os.ReadFile(d.Root())
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// runAhead plays one cell: a file is written from front to back, and then changed in the middle.
func (c cell) runAhead(t *testing.T) (renames int) {
	synctest.Test(t, func(t *testing.T) {
		u := &user{tb: t, dir: t.TempDir(), server: newFakeServer(c.route), disk: newFaultDisk(), ahead: 2 * aheadSlice}
		first := u.disk
		first.crash, first.after = c.crash, c.after
		if c.call != "" {
			u.server.fail(c.call, c.fault)
		}
		u.mount()
		<-u.store.Scanned()
		p := newPaper(t, u.store, "run 7")
		first.arm()
		write := func(off int64, b []byte) {
			if _, err := p.f.WriteAt(b, off); err != nil && !first.dead.Load() {
				t.Error(err)
			}
		}
		want := text(1234, 3)
		write(0, want[:600])
		synctest.Wait()
		write(600, want[600:])
		synctest.Wait()
		copy(want[250:], "changed")
		write(250, []byte("changed"))
		_ = p.f.Close()
		crashed := first.dead.Load() // before anybody was told that it is saved: some of it may not be there
		if crashed && !bytes.Equal(readBack(t, p.d), want) {
			want = readBack(t, p.d)
		}
		p.d.Release()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = p.d.Commit(ctx)
		u.settle()
		<-time.After(24 * time.Hour)
		u.settle()
		u.server.checkOnce(t, map[string][]byte{"run 7": want})
		if left := infos(u.store); len(left) != 0 {
			t.Fatalf("left behind: %+v", left)
		}
		first.mu.Lock()
		renames = first.renames
		first.mu.Unlock()
		abandon(u.store)
	})
	return renames
}
