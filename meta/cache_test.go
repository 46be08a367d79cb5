package meta

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openbisfs/openbisfs/client"
)

// fact is an answer for tests.
type fact struct {
	text    string
	expires time.Time
	weight  int
}

func (f *fact) expiry() time.Time { return f.expires }
func (f *fact) cost() int         { return f.weight }

// oracle answers questions in tests.
type oracle struct {
	*answers
	down  atomic.Bool
	asked atomic.Int64
}

func newOracle(t *testing.T, budget int) *oracle {
	o := &oracle{}
	o.answers = newAnswers(time.Minute, budget, time.Now, o.down.Load)
	t.Cleanup(o.close)
	return o
}

func (o *oracle) get(ctx context.Context, key string, ask func(context.Context) (*fact, error)) (*fact, error) {
	return get(ctx, o.answers, id{permID: key}, func(ctx context.Context) (*fact, error) {
		o.asked.Add(1)
		return ask(ctx)
	})
}

func saying(text string, ttl time.Duration) func(context.Context) (*fact, error) {
	return func(context.Context) (*fact, error) { return &fact{text: text, expires: time.Now().Add(ttl)}, nil }
}

func failing(err error) func(context.Context) (*fact, error) {
	return func(context.Context) (*fact, error) { return nil, err }
}

func (o *oracle) expect(t *testing.T, key string, ask func(context.Context) (*fact, error), want string, asked int64) {
	t.Helper()
	f, err := o.get(t.Context(), key, ask)
	if err != nil {
		t.Fatal(err)
	}
	if f.text != want || o.asked.Load() != asked {
		t.Fatalf("got %q after %d questions, want %q after %d", f.text, o.asked.Load(), want, asked)
	}
}

func TestAnAnswerIsBelievedUntilItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOracle(t, 100)
		o.expect(t, "a", saying("one", time.Minute), "one", 1)
		advance(time.Minute - 1)
		o.expect(t, "a", saying("two", time.Minute), "one", 1)
		advance(1)
		o.expect(t, "a", saying("two", time.Minute), "two", 2)
	})
}

func TestAnAnswerWithoutExpiryIsBelievedForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOracle(t, 100)
		forever := func(context.Context) (*fact, error) { return &fact{text: "one"}, nil }
		o.expect(t, "a", forever, "one", 1)
		advance(1000 * time.Hour)
		o.expect(t, "a", forever, "one", 1)
	})
}

func TestManyCallersCauseOneQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOracle(t, 100)
		release := make(chan struct{})
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				f, err := o.get(t.Context(), "a", func(context.Context) (*fact, error) {
					<-release
					return &fact{text: "one"}, nil
				})
				if err != nil || f.text != "one" {
					t.Errorf("got %v, %v", f, err)
				}
			})
		}
		synctest.Wait()
		close(release)
		wg.Wait()
		if n := o.asked.Load(); n != 1 {
			t.Errorf("%d questions", n)
		}
	})
}

func TestACallerWhoGivesUpTakesNothingFromTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOracle(t, 100)
		release := make(chan struct{})
		ask := func(ctx context.Context) (*fact, error) {
			select {
			case <-release:
				return &fact{text: "one"}, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		impatient, cancel := context.WithCancel(t.Context())
		gaveUp := make(chan error, 1)
		go func() {
			_, err := o.get(impatient, "a", ask)
			gaveUp <- err
		}()
		synctest.Wait()
		patient := make(chan error, 1)
		go func() {
			_, err := o.get(t.Context(), "a", ask)
			patient <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-gaveUp; !errors.Is(err, context.Canceled) {
			t.Errorf("the impatient caller got %v", err)
		}
		close(release)
		if err := <-patient; err != nil {
			t.Errorf("the patient caller got %v", err)
		}
		if n := o.asked.Load(); n != 1 {
			t.Errorf("%d questions", n)
		}
	})
}

func TestAFailureIsRememberedForASecondOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOracle(t, 100)
		for range 5 {
			if _, err := o.get(t.Context(), "a", failing(client.ErrForbidden)); !errors.Is(err, client.ErrForbidden) || errors.Is(err, ErrNotExist) {
				t.Fatalf("got %v", err)
			}
		}
		if n := o.asked.Load(); n != 1 {
			t.Errorf("%d questions", n)
		}
		advance(errorHold)
		o.expect(t, "a", saying("one", time.Minute), "one", 2)
	})
}

func TestAnExpiredAnswerIsShownWhileTheServerIsOutOfReach(t *testing.T) {
	for _, err := range []error{fmt.Errorf("dial: %w", client.ErrUnavailable), context.DeadlineExceeded} {
		synctest.Test(t, func(t *testing.T) {
			o := newOracle(t, 100)
			o.expect(t, "a", saying("old", time.Minute), "old", 1)
			advance(time.Hour)
			o.expect(t, "a", failing(err), "old", 2)
			o.expect(t, "a", failing(err), "old", 2) // the failure is remembered
			advance(errorHold)
			o.expect(t, "a", saying("new", time.Minute), "new", 3)
		})
	}
}

func TestAnExpiredAnswerDoesNotHideOtherFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOracle(t, 100)
		o.expect(t, "a", saying("old", time.Minute), "old", 1)
		advance(time.Hour)
		if _, err := o.get(t.Context(), "a", failing(client.ErrUnauthenticated)); !errors.Is(err, client.ErrUnauthenticated) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestNobodyWaitsLongForAServerThatIsKnownToBeOutOfReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOracle(t, 100)
		o.expect(t, "a", saying("old", time.Minute), "old", 1)
		advance(time.Hour)
		o.down.Store(true)
		silence := func(ctx context.Context) (*fact, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		start := time.Now()
		o.expect(t, "a", silence, "old", 2)
		if waited := time.Since(start); waited != staleGrace {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestWhatIsKnownWithoutTheServerIsShownWhenItIsOutOfReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOracle(t, 100)
		f, err := o.get(t.Context(), "a", func(context.Context) (*fact, error) {
			return &fact{text: "hearsay", expires: time.Now()}, client.ErrUnavailable
		})
		if err != nil || f.text != "hearsay" {
			t.Fatalf("got %v, %v", f, err)
		}
		_, err = o.get(t.Context(), "b", func(context.Context) (*fact, error) {
			return &fact{text: "hearsay", expires: time.Now()}, client.ErrForbidden
		})
		if !errors.Is(err, client.ErrForbidden) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestAPanicIsAnError(t *testing.T) {
	o := newOracle(t, 100)
	if _, err := o.get(t.Context(), "a", func(context.Context) (*fact, error) { panic("boom") }); err == nil {
		t.Fatal("no error")
	}
}

func TestAQuestionThatTakesForeverTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOracle(t, 100)
		_, err := o.get(t.Context(), "a", func(ctx context.Context) (*fact, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOracle(t, 100)
		failed := make(chan error, 1)
		go func() {
			_, err := o.get(context.Background(), "a", func(ctx context.Context) (*fact, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			})
			failed <- err
		}()
		synctest.Wait()
		o.close()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if _, err := o.get(t.Context(), "b", saying("one", time.Minute)); !errors.Is(err, errClosed) {
			t.Errorf("a closed tree answers %v", err)
		}
	})
}

func TestTheLeastRecentlyUsedAnswersAreForgottenFirst(t *testing.T) {
	o := newOracle(t, 3*slotCost+27)
	heavy := func(context.Context) (*fact, error) { return &fact{text: "x", weight: 9}, nil }
	for _, key := range []string{"a", "b", "c", "a", "d"} { // d makes b go
		if _, err := o.get(t.Context(), key, heavy); err != nil {
			t.Fatal(err)
		}
	}
	for key, want := range map[string]bool{"a": true, "b": false, "c": true, "d": true} {
		if _, ok := peek[*fact](o.answers, id{permID: key}); ok != want {
			t.Errorf("%s is remembered: %v", key, ok)
		}
	}
	if o.total > o.budget {
		t.Errorf("%d of %d are in use", o.total, o.budget)
	}
	o.asked.Store(0)
	o.expect(t, "b", heavy, "x", 1)
}

func TestAccountsAreRightUnderConcurrency(t *testing.T) {
	o := newOracle(t, 5*slotCost+30)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				key := fmt.Sprint((i * (g + 1)) % 20)
				_, err := o.get(t.Context(), key, func(context.Context) (*fact, error) {
					if i%7 == 0 {
						return nil, client.ErrForbidden
					}
					return &fact{text: key, weight: i % 13, expires: time.Now()}, nil
				})
				if err != nil && !errors.Is(err, client.ErrForbidden) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	sum := 0
	for _, s := range o.slots.Values() {
		sum += s.charged
	}
	if sum != o.total || o.total > o.budget {
		t.Errorf("slots hold %d, the account says %d, the budget is %d", sum, o.total, o.budget)
	}
}
