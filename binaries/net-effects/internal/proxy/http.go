package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	headMaxBytes = 32 << 10
	// A longer body is not read just to be answered with an error: the connection closes instead.
	drainMaxBytes = 1 << 20
	drainWithin   = time.Second
	methodMax     = 16
)

var (
	errNotHTTP = errors.New("not HTTP/1")
	// errAnswered: the connection ends well after an error that was its last answer.
	errAnswered = errors.New("answered")
)

// relay carries a connection through, byte for byte, and answers requests of HTTP/1 with the error
// where their turn has come. Anything else passes: HTTP/2, TLS, other protocols. How one side ends
// is how the other one sees it end.
func (p *Proxy) relay(client, dependency *net.TCPConn) {
	answers := make(chan struct{})
	go func() {
		defer close(answers)
		if _, err := io.Copy(client, dependency); err != nil {
			reset(client, dependency)
			return
		}
		_ = client.CloseWrite()
	}()
	reader := bufio.NewReaderSize(client, headMaxBytes)
	err := p.requests(reader, client, dependency)
	if errors.Is(err, errNotHTTP) {
		_, err = io.Copy(dependency, reader)
	}
	switch {
	case err == nil, errors.Is(err, io.EOF):
		_ = dependency.CloseWrite()
	case errors.Is(err, errAnswered):
		_ = dependency.Close()
	default:
		reset(client, dependency)
	}
	<-answers
}

// requests ends with errNotHTTP where the rest is to pass as it is.
func (p *Proxy) requests(reader *bufio.Reader, client, dependency *net.TCPConn) error {
	for {
		head, err := readHead(reader)
		if err != nil {
			return err
		}
		if rand.Float64() < p.does.Ratio {
			p.answered.Add(1)
			if goesOn, err := p.answer(head, reader, client); !goesOn {
				return err
			}
			continue
		}
		p.passed.Add(1)
		if _, err := dependency.Write(head.text); err != nil {
			return err
		}
		if head.upgrades {
			return errNotHTTP
		}
		if err := head.copyBody(dependency, reader); err != nil {
			return err
		}
	}
}

// answer gives the error, and says whether the connection goes on.
func (p *Proxy) answer(head head, reader *bufio.Reader, client *net.TCPConn) (bool, error) {
	goesOn := !head.closes && !head.upgrades && !head.waits && !head.chunked && head.length <= drainMaxBytes
	if goesOn {
		if err := head.copyBody(io.Discard, reader); err != nil {
			return false, err
		}
	}
	body := "ninety: this answer stands in for that of the service\n"
	text := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n",
		p.does.Status, http.StatusText(p.does.Status), len(body))
	if !goesOn {
		text += "Connection: close\r\n"
	}
	text += "\r\n"
	if head.method != http.MethodHead {
		text += body
	}
	if _, err := io.WriteString(client, text); err != nil || goesOn {
		return goesOn, err
	}
	// What is left unread would turn the end into a reset, and the answer might be lost to it.
	_ = client.CloseWrite()
	_ = client.SetReadDeadline(time.Now().Add(drainWithin))
	_, _ = io.Copy(io.Discard, io.LimitReader(reader, drainMaxBytes))
	return false, errAnswered
}

// head of a request, as it came.
type head struct {
	text     []byte
	method   string
	length   int64
	chunked  bool
	closes   bool
	upgrades bool
	// waits: the body comes only after the service said that it may.
	waits bool
}

// readHead takes a request's head off the reader; where it is none, nothing is taken.
func readHead(reader *bufio.Reader) (head, error) {
	if err := peekMethod(reader); err != nil {
		return head{}, err
	}
	for size := 0; ; {
		text, err := reader.Peek(max(size+1, reader.Buffered()))
		if end := bytes.Index(text, []byte("\r\n\r\n")); end >= 0 {
			found, err := parseHead(text[:end+4])
			if err == nil {
				_, err = reader.Discard(end + 4)
			}
			return found, err
		}
		line, _, whole := bytes.Cut(text, []byte("\r\n"))
		if err == nil && whole && !isRequestLine(line) || len(text) == headMaxBytes {
			return head{}, errNotHTTP
		}
		if err != nil {
			return head{}, errNotHTTP
		}
		size = len(text)
	}
}

// peekMethod waits for no more bytes than it takes to know that a request may begin here.
func peekMethod(reader *bufio.Reader) error {
	for n := 1; n <= methodMax; n++ {
		text, err := reader.Peek(n)
		if len(text) < n && n == 1 {
			return err
		}
		if err != nil {
			return errNotHTTP
		}
		last := text[n-1]
		if last == ' ' && n > 3 && string(text) != "PRI " {
			return nil
		}
		if last < 'A' || last > 'Z' {
			return errNotHTTP
		}
	}
	return errNotHTTP
}

func isRequestLine(line []byte) bool {
	words := strings.Split(string(line), " ")
	return len(words) == 3 && (words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0")
}

func parseHead(text []byte) (head, error) {
	lines := strings.Split(strings.TrimSuffix(string(text), "\r\n\r\n"), "\r\n")
	if !isRequestLine([]byte(lines[0])) {
		return head{}, errNotHTTP
	}
	words := strings.Split(lines[0], " ")
	found := head{text: bytes.Clone(text), method: words[0], closes: words[2] == "HTTP/1.0"}
	found.upgrades = found.method == http.MethodConnect
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		value = strings.ToLower(strings.TrimSpace(value))
		switch strings.ToLower(name) {
		case "content-length":
			length, err := strconv.ParseInt(value, 10, 63)
			if err != nil || length < 0 {
				return head{}, errNotHTTP
			}
			found.length = length
		case "transfer-encoding":
			found.chunked = true
		case "connection":
			found.closes = found.closes || strings.Contains(value, "close")
		case "upgrade":
			found.upgrades = true
		case "expect":
			found.waits = true
		}
	}
	return found, nil
}

func (h head) copyBody(to io.Writer, from *bufio.Reader) error {
	if !h.chunked {
		_, err := io.CopyN(to, from, h.length)
		return err
	}
	for {
		line, err := from.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := chunkSize(line)
		if err != nil {
			return err
		}
		if _, err := to.Write(line); err != nil {
			return err
		}
		if size == 0 {
			return copyTrailers(to, from)
		}
		// The line that ends a chunk is part of it.
		if _, err := io.CopyN(to, from, size+2); err != nil {
			return err
		}
	}
}

func copyTrailers(to io.Writer, from *bufio.Reader) error {
	for {
		line, err := from.ReadSlice('\n')
		if err != nil {
			return err
		}
		if _, err := to.Write(line); err != nil {
			return err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			return nil
		}
	}
}
