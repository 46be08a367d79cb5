// Command floor is the least that a client of the data store can do for the reads of a case, without a file system: what
// it takes is what the mounts are measured against. It prints the seconds.
//
//	floor chunks STORE-URL PERMID/PATH SIZE < offsets      the chunks of the offsets, one call after the other, each once
//	floor files  STORE-URL PERMID/FOLDER COUNT             that many files f00000…, over four connections
//
// The session token is in the environment, as TOKEN.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"
)

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: floor chunks|files STORE-URL PERMID/PATH SIZE|COUNT")
	}
	store, item := os.Args[2], os.Args[3]
	n, err := strconv.ParseInt(os.Args[4], 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	var begun time.Time
	switch os.Args[1] {
	case "chunks":
		blocks := readBlocks()
		begun = time.Now()
		err = chunks(store+"/file-transfer", item, blocks)
	case "files":
		begun = time.Now()
		err = files(store+"/"+item, int(n))
	default:
		log.Fatal("neither chunks nor files")
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.6f\n", time.Since(begun).Seconds())
}

// readBlocks reads offsets and returns the numbers of their blocks, each once.
func readBlocks() (blocks []int64) {
	seen := make(map[int64]bool)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		off, err := strconv.ParseInt(in.Text(), 10, 64)
		if err != nil {
			log.Fatal(err)
		}
		if n := off >> 20; !seen[n] {
			seen[n] = true
			blocks = append(blocks, n)
		}
	}
	return blocks
}

func post(url string, params map[string]string) (*http.Response, error) {
	values := make(map[string][]string)
	for k, v := range params {
		values[k] = []string{v}
	}
	body, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	resp, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %s", resp.Status)
	}
	return resp, err
}

// chunks makes two calls for each block and reads what comes into one buffer; it checks nothing.
func chunks(url, item string, blocks []int64) error {
	resp, err := post(url, map[string]string{"method": "startDownloadSession", "userSessionId": os.Getenv("TOKEN"),
		"downloadItemIds": item, "wishedNumberOfStreams": "1"})
	if err != nil {
		return err
	}
	var session struct {
		DownloadSessionID string   `json:"downloadSessionId"`
		StreamIDs         []string `json:"streamIds"`
	}
	err = json.NewDecoder(resp.Body).Decode(&session)
	resp.Body.Close()
	if err != nil || len(session.StreamIDs) == 0 {
		return fmt.Errorf("no session: %v", err)
	}
	buf := make([]byte, 2<<20)
	for _, n := range blocks {
		resp, err := post(url, map[string]string{"method": "queue", "downloadSessionId": session.DownloadSessionID, "ranges": fmt.Sprintf("%d:%d", n, n)})
		if err != nil {
			return err
		}
		resp.Body.Close()
		resp, err = post(url, map[string]string{"method": "download", "downloadSessionId": session.DownloadSessionID,
			"downloadStreamId": session.StreamIDs[0], "numberOfChunks": "1"})
		if err != nil {
			return err
		}
		got, err := io.ReadFull(resp.Body, buf)
		resp.Body.Close()
		if err != io.ErrUnexpectedEOF || got < 1<<20 {
			return fmt.Errorf("%d bytes for a chunk: %v", got, err)
		}
	}
	resp, err = post(url, map[string]string{"method": "finishDownloadSession", "downloadSessionId": session.DownloadSessionID})
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func files(folder string, count int) error {
	numbers, failed := make(chan int), make(chan error, 4)
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 4
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range numbers {
				resp, err := http.Get(fmt.Sprintf("%s/f%05d?sessionID=%s", folder, i, url.QueryEscape(os.Getenv("TOKEN"))))
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
				if err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	for i := range count {
		select {
		case numbers <- i:
		case err := <-failed:
			return err
		}
	}
	close(numbers)
	wg.Wait()
	return nil
}
