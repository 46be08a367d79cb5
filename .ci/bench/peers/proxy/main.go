// Command proxy is a line between a client and a server on this machine that is as long and as narrow as one likes, and
// counts what comes over it. It prints its address. Whenever it reads a line, it prints how many bytes have come from
// the server.
//
//	proxy [-delay 10ms] [-rate BYTES/S] HOST:PORT
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	delay := flag.Duration("delay", 0, "how long each direction takes")
	rate := flag.Float64("rate", 0, "bytes a second from the server, of all connections together; 0: no limit")
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	counts := received{open: make(map[net.Conn]bool)}
	go func() {
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			fmt.Println(counts.sum())
		}
	}()
	limit := &line{rate: *rate}
	for {
		client, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			// The handshake takes a round trip too.
			time.Sleep(2 * *delay)
			defer client.Close()
			conn, err := net.Dial("tcp", flag.Arg(0))
			if err != nil {
				return
			}
			defer conn.Close()
			server := conn.(*net.TCPConn)
			counts.add(server)
			defer counts.end(server)
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				carry(server, client.(*net.TCPConn), *delay, nil)
			}()
			carry(client.(*net.TCPConn), server, *delay, limit)
			client.Close() // nothing more to answer
			<-sent
		}()
	}
}

// received counts by asking the kernel what it has received: nothing passes through here that could be counted.
type received struct {
	mu    sync.Mutex
	ended uint64
	open  map[net.Conn]bool
}

func (r *received) add(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open[c] = true
}

// end is called before c is closed.
func (r *received) end(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended += bytesReceived(c)
	delete(r.open, c)
}

func (r *received) sum() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	sum := r.ended
	for c := range r.open {
		sum += bytesReceived(c)
	}
	return sum
}

func bytesReceived(c net.Conn) (n uint64) {
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
				n = info.Bytes_received
			}
		})
	}
	if err != nil {
		log.Print(err)
	}
	return n
}

// line is shared by all connections.
type line struct {
	rate float64
	mu   sync.Mutex
	free time.Time // when what was sent so far has left
}

// pass waits until n bytes are through.
func (l *line) pass(n int) {
	if l == nil || l.rate == 0 {
		return
	}
	l.mu.Lock()
	now := time.Now()
	if l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
	wait := l.free.Sub(now)
	l.mu.Unlock()
	if wait > time.Millisecond {
		time.Sleep(wait)
	}
}

// packet is what was read, and when it arrives.
type packet struct {
	data []byte
	due  time.Time
}

// window is how many packets are under way in one direction of a connection: enough for 1 GB/s at 20 ms.
const (
	window     = 256
	packetSize = 64 << 10
)

// carry copies until either side has ended; who waits for the other direction then sees an end too.
func carry(to, from *net.TCPConn, delay time.Duration, l *line) {
	defer to.CloseWrite()
	defer from.CloseRead()
	if delay == 0 && (l == nil || l.rate == 0) {
		_, _ = io.Copy(to, from) // by the kernel
		return
	}
	packets, free := make(chan packet, window), make(chan []byte, window)
	for range window {
		free <- nil
	}
	go func() {
		defer close(packets)
		for buf := range free {
			if buf == nil {
				buf = make([]byte, packetSize)
			}
			n, err := from.Read(buf[:packetSize])
			l.pass(n)
			packets <- packet{buf[:n], time.Now().Add(delay)}
			if err != nil {
				return
			}
		}
	}()
	for p := range packets {
		time.Sleep(time.Until(p.due))
		if _, err := to.Write(p.data); err != nil {
			break
		}
		free <- p.data
	}
	from.CloseRead()
	for range packets { // until the reader has noticed
	}
}
