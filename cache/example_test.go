package cache_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/openbisfs/openbisfs/cache"
)

// greeting is a Remote that can only be read from its beginning.
type greeting string

func (g greeting) Stream(context.Context, int64) (io.ReadCloser, int64, error) {
	fmt.Println("asking the server")
	return io.NopCloser(strings.NewReader(string(g))), 0, nil
}

func (greeting) Blocks(context.Context, int64, int64, func(int64, []byte) error) error {
	return errors.ErrUnsupported
}

func (greeting) Close() error { return nil }

func Example() {
	store := cache.New(cache.Options{Memory: 64 << 20})
	defer func() { _ = store.Close() }()

	key := cache.Key{Server: "lab", DataSet: "20260101-1", Path: "original/hello.txt", Size: 12}
	file := store.Open(key, func() cache.Remote { return greeting("hello, world") })
	defer func() { _ = file.Close() }()

	p := make([]byte, 5)
	for _, off := range []int64{7, 0} {
		if _, err := file.ReadAt(context.Background(), p, off); err != nil {
			fmt.Println(err)
		}
		fmt.Println(string(p))
	}
	// Output:
	// asking the server
	// world
	// hello
}
