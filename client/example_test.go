package client_test

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log"
	"os"

	"github.com/openbisfs/openbisfs/client"
	"github.com/openbisfs/openbisfs/client/openbistest"
)

// connect connects to a server in this process, where one would use a real one's URL.
func connect() (c *client.Client, end func(), err error) {
	server, err := openbistest.Start(openbistest.Options{})
	if err != nil {
		return nil, nil, err
	}
	c, err = client.New(client.Options{
		URL:      server.URL,
		User:     "demo",
		Password: func(context.Context) (string, error) { return "demo", nil },
	})
	if err != nil {
		server.Close()
		return nil, nil, err
	}
	return c, func() {
		if err := c.Close(context.Background()); err != nil {
			log.Print(err)
		}
		server.Close()
	}, nil
}

func Example() {
	c, end, err := connect()
	if err != nil {
		log.Print(err)
		return
	}
	defer end()
	spaces, err := c.Spaces(context.Background())
	if err != nil {
		log.Print(err)
		return
	}
	for _, space := range spaces {
		fmt.Println(space.Code, len(space.Projects))
	}
	// Output:
	// GENOMICS 2
	// MATERIALS 3
	// MICROSCOPY 2
	// TEACHING 0
}

func ExampleClient_SearchObjects() {
	c, end, err := connect()
	if err != nil {
		log.Print(err)
		return
	}
	defer end()
	ctx := context.Background()
	for object, err := range c.SearchObjects(ctx, client.InSpace("MATERIALS"), client.NoProject()) {
		if err != nil {
			log.Print(err)
			return
		}
		fmt.Println(object.Identifier, object.Properties["$NAME"])
	}
}

func ExampleClient_Content() {
	c, end, err := connect()
	if err != nil {
		log.Print(err)
		return
	}
	defer end()
	ctx := context.Background()
	for ds, err := range c.SearchDataSets(ctx, client.Archiving(client.Available), client.NoObject()) {
		if err != nil {
			log.Print(err)
			return
		}
		files, err := c.Files(ctx, ds)
		if err != nil {
			log.Print(err)
			return
		}
		for _, f := range files {
			if f.Directory || !f.HasCRC32 || f.Size > 1<<20 {
				continue
			}
			body, _, err := c.Content(ds, f).Stream(ctx, 0)
			if err != nil {
				log.Print(err)
				return
			}
			sum := crc32.NewIEEE()
			_, err = io.Copy(sum, body)
			if err := errors.Join(err, body.Close()); err != nil {
				log.Print(err)
			}
			fmt.Println("the checksum is right:", sum.Sum32() == f.CRC32)
			return
		}
	}
	// Output: the checksum is right: true
}

func ExampleParseURL() {
	server, start, err := client.ParseURL("https://openbis.example.org/openbis/LAB/PROJECT-1")
	fmt.Println(server, start, err)
	_, _, err = client.ParseURL("https://jdoe:secret@openbis.example.org")
	fmt.Println(err)
	// Output:
	// https://openbis.example.org /LAB/PROJECT-1 <nil>
	// the URL must not contain a user or a password
}

func ExampleOptions() {
	opts := client.Options{
		URL:  "https://openbis.example.org",
		User: "jdoe",
		Password: func(context.Context) (string, error) { // asked again whenever a login is needed
			b, err := os.ReadFile("/run/secrets/openbis")
			return string(b), err
		},
		DataStoreURLs: map[string]string{"DSS2": "https://storage.example.org"}, // where the registered URL does not lead
	}
	c, err := client.New(opts) // does not touch the network
	fmt.Println(c != nil, err)
	// Output: true <nil>
}
