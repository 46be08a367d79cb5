package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
)

// Remote brings the content of one file. Its methods are called from several
// goroutines, and their contexts also cover the reading of a body and the calls
// of deliver; they have no deadline, but are cancelled when nothing arrives for
// [Options.BlockTimeout].
//
// An error that will not change when the call is repeated (not found, no
// permission, archived) should have a method Permanent() bool, found with
// [errors.As], that returns true: such a call is not repeated.
// [errors.ErrUnsupported] says that this way to read is not available for the
// file, now or ever; the cache then uses the other one, and asks again after a
// minute.
type Remote interface {
	// Stream returns the file's bytes from start to the end. The caller wants
	// those from offset on; a server that ignores offsets starts at 0, and start
	// says so. A stream from 0 that ends with io.EOF has passed whatever checksum
	// is known for the file: an implementation withholds the last bytes, at most
	// BlockSize of them, until it has, and returns an error instead if it fails.
	Stream(ctx context.Context, offset int64) (body io.ReadCloser, start int64, err error)
	// Blocks hands each of the blocks first … first+count-1 to deliver, once, one
	// after the other in any order, complete and verified. It stops at an error of
	// deliver and returns it. The data is the callee's again when deliver returns.
	Blocks(ctx context.Context, first, count int64, deliver func(n int64, data []byte) error) error
	// Close ends what the calls before have left open at the server. It is called
	// once, when no call is under way, and must come back by itself.
	Close() error
}

// ErrCorrupt says that bytes were handed out before their checksum turned out
// to be wrong. It is what the handle that read them returns from then on; who
// opens the file again gets the content fetched anew.
var ErrCorrupt = errors.New("cache: content failed its checksum after parts of it were read")

// ErrOffered says that content given to [Store.Put] is not that of its key.
var ErrOffered = errors.New("cache: offered content is not what it should be")

var (
	errLength  = errors.New("content is longer than the file")
	errMissing = errors.New("not all blocks were delivered")
	errStopped = errors.New("stream is not needed any more")
)

func permanent(err error) bool {
	var p interface{ Permanent() bool }
	return errors.As(err, &p) && p.Permanent()
}

// interrupted tells failures of the connection from verdicts on the content.
func interrupted(err error) bool {
	var network net.Error
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.Canceled) ||
		errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network)
}

// unexpected turns the end of a body into the error that it is before the end
// of the content.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (c *content) wrap(n int64, err error) error {
	return fmt.Errorf("block %d of %s/%s: %w", n, c.key.DataSet, c.key.Path, err)
}
