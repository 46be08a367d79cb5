package fs

import (
	"context"
	"time"
)

// interruptGrace is how long an operation goes on after its program was
// interrupted. Short enough for Ctrl-C, long enough that most operations end
// before it: many programs treat EINTR as a failure.
const interruptGrace = 200 * time.Millisecond

// begin returns the context for the operation of one request. It lives as long
// as the mount, at most limit, and ends some grace after the request was
// interrupted; then the operation's error is context.Canceled, which is EINTR.
// Nothing of the request's own context is handed down, because the channel
// behind it is used again for later requests. The caller calls done before it
// returns.
func (v *volume) begin(req context.Context, limit time.Duration) (ctx context.Context, done func()) {
	ctx, cancel := context.WithTimeout(v.life, limit)
	stop := context.AfterFunc(req, func() {
		grace := time.NewTimer(interruptGrace)
		defer grace.Stop()
		select {
		case <-grace.C:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		stop()
		cancel()
	}
}
