// Command fileserver serves a directory over HTTP with Range, which is what the peers need and a stock data store does
// not have. It prints its URL.
//
//	fileserver DIR
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: fileserver DIR")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("http://" + listener.Addr().String())
	log.Fatal(http.Serve(listener, http.FileServer(http.Dir(os.Args[1]))))
}
