package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// turnsMax is how many requests may be sent before the first of them is answered.
	turnsMax = 64
	// untilClose: the body is all that comes before the end of the connection.
	untilClose = -1
	// chunkedEndBytes are those of the last chunk's last byte and of all that follows it.
	chunkedEndBytes = 8
)

// errCut: as much of an answer has passed as is to pass.
var errCut = errors.New("cut")

// turn is what to do to the answer of one request.
type turn struct {
	isHead   bool
	upgrades bool
	isMet    bool
}

// spoil carries a connection through, byte for byte, and spoils answers of HTTP/1 whose turn has
// come. Anything else passes: HTTP/2, TLS, other protocols.
func (p *Proxy) spoil(client, dependency *net.TCPConn) {
	turns, passes := make(chan turn, turnsMax), make(chan struct{})
	go func() {
		defer close(passes)
		err := p.answers(turns, dependency, client)
		switch {
		case err == nil:
			_ = client.CloseWrite()
		case errors.Is(err, errCut) && p.does.Kind == "truncate":
			// Closed at once it would be reset by whatever the client still sends.
			_ = client.SetReadDeadline(time.Now().Add(drainWithin))
			_ = client.CloseWrite()
			_ = dependency.Close()
		default:
			reset(client, dependency)
		}
	}()
	reader := bufio.NewReaderSize(client, headMaxBytes)
	err := p.forward(reader, dependency, turns, passes)
	if errors.Is(err, errNotHTTP) {
		_, err = io.Copy(dependency, reader)
	}
	if err == nil || errors.Is(err, io.EOF) {
		_ = dependency.CloseWrite()
	} else {
		reset(client, dependency)
	}
	<-passes
}

// forward passes requests on, and says of each beforehand what becomes of its answer. It ends with
// errNotHTTP where the rest is to pass as it is.
func (p *Proxy) forward(reader *bufio.Reader, to io.Writer, turns chan<- turn, passes <-chan struct{}) error {
	for {
		head, err := readHead(reader)
		if err != nil {
			return err
		}
		next := turn{
			isHead:   head.method == http.MethodHead,
			upgrades: head.upgrades,
			isMet:    rand.Float64() < p.does.Ratio,
		}
		select {
		case turns <- next:
		case <-passes:
		}
		if _, err := to.Write(head.text); err != nil {
			return err
		}
		if head.upgrades {
			return errNotHTTP
		}
		if err := head.copyBody(to, reader); err != nil {
			return err
		}
	}
}

// answers passes answers on until one of them was cut off; nil: the service said all it had to say.
func (p *Proxy) answers(turns <-chan turn, dependency, client *net.TCPConn) error {
	reader := bufio.NewReaderSize(dependency, headMaxBytes)
	for {
		if _, err := reader.Peek(1); err != nil {
			return unlessEOF(err)
		}
		select {
		case next := <-turns:
			var err error
			if !next.upgrades {
				err = p.answerTo(next, reader, client)
			}
			if err != nil && !errors.Is(err, errNotHTTP) {
				return unlessEOF(err)
			}
			if err == nil && !next.upgrades {
				continue
			}
		default:
			// Nobody asked in HTTP.
		}
		_, err := io.Copy(client, reader)
		for {
			select {
			case <-turns:
			default:
				return err
			}
		}
	}
}

func unlessEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// answerTo passes one answer on, or spoils it. io.EOF: the end of the connection was its end.
func (p *Proxy) answerTo(of turn, reader *bufio.Reader, client io.Writer) error {
	if of.isMet && p.does.Kind == "slow" {
		select {
		case <-time.After(time.Duration(p.does.DelayMs * float64(time.Millisecond))):
		case <-p.ends:
		}
	}
	for {
		answer, err := readAnswer(reader, of.isHead)
		if err != nil {
			return err
		}
		isLast := answer.status >= 200
		cuts := of.isMet && isLast && p.does.Kind != "slow"
		if isLast && of.isMet && !(p.does.Kind == "truncate" && answer.length == 0) {
			p.answered.Add(1)
		} else if isLast {
			p.passed.Add(1)
		}
		if cuts && answer.length == 0 && p.does.Kind == "reset" {
			return errCut
		}
		if _, err := client.Write(answer.text); err != nil {
			return err
		}
		if isLast && cuts && answer.length != 0 {
			return p.cut(answer, reader, client)
		}
		if isLast {
			return answer.copy(client, reader)
		}
	}
}

// cut passes a part of a body on, never all of it.
func (p *Proxy) cut(answer answer, reader *bufio.Reader, client io.Writer) error {
	part := &part{to: client, left: p.does.AfterBytes, keeps: 1}
	if answer.chunked {
		part.keeps = chunkedEndBytes
	}
	if p.does.Kind == "truncate" {
		half, err := halfOf(answer, reader)
		if err != nil {
			return err
		}
		part.left = half
	}
	if err := answer.copy(part, reader); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return errCut
}

// part passes so many bytes on, and keeps the last ones back.
type part struct {
	to    io.Writer
	left  int64
	keeps int
	held  []byte
}

func (p *part) Write(b []byte) (int, error) {
	p.held = append(p.held, b...)
	passes := int64(max(len(p.held)-p.keeps, 0))
	cuts := passes > 0 && passes >= p.left
	if cuts {
		passes = p.left
	}
	if _, err := p.to.Write(p.held[:passes]); err != nil {
		return 0, err
	}
	p.left -= passes
	p.held = p.held[passes:]
	if cuts {
		return 0, errCut
	}
	return len(b), nil
}

// halfOf the body, where its length is known, or of its first chunk, as it is on the wire.
func halfOf(answer answer, reader *bufio.Reader) (int64, error) {
	if answer.length != untilClose {
		return answer.length / 2, nil
	}
	if !answer.chunked {
		return 0, nil
	}
	for size := 1; ; size++ {
		text, err := reader.Peek(size)
		if err != nil {
			return 0, err
		}
		line, _, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			continue
		}
		length, err := chunkSize(line)
		return int64(len(line)) + 1 + length/2, err
	}
}

func chunkSize(line []byte) (int64, error) {
	digits, _, _ := strings.Cut(strings.TrimSpace(string(line)), ";")
	return strconv.ParseInt(strings.TrimSpace(digits), 16, 63)
}

// answer is the head of one, as it came.
type answer struct {
	text   []byte
	status int
	// length of the body; untilClose where chunks or the end of the connection tell it.
	length  int64
	chunked bool
}

// readAnswer takes the head of an answer off the reader.
func readAnswer(reader *bufio.Reader, isHead bool) (answer, error) {
	for size := 0; ; {
		text, err := reader.Peek(max(size+1, reader.Buffered()))
		if end := bytes.Index(text, []byte("\r\n\r\n")); end >= 0 {
			found, err := parseAnswer(text[:end+4], isHead)
			if err == nil {
				_, err = reader.Discard(end + 4)
			}
			return found, err
		}
		if len(text) == headMaxBytes {
			return answer{}, errNotHTTP
		}
		if err != nil {
			return answer{}, err
		}
		size = len(text)
	}
}

func parseAnswer(text []byte, isHead bool) (answer, error) {
	lines := strings.Split(strings.TrimSuffix(string(text), "\r\n\r\n"), "\r\n")
	words := strings.SplitN(lines[0], " ", 3)
	if len(words) < 2 || !strings.HasPrefix(words[0], "HTTP/1.") {
		return answer{}, errNotHTTP
	}
	status, err := strconv.Atoi(words[1])
	if err != nil {
		return answer{}, errNotHTTP
	}
	found := answer{text: bytes.Clone(text), status: status, length: untilClose}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		value = strings.ToLower(strings.TrimSpace(value))
		switch strings.ToLower(name) {
		case "content-length":
			if found.length, err = strconv.ParseInt(value, 10, 63); err != nil || found.length < 0 {
				return answer{}, errNotHTTP
			}
		case "transfer-encoding":
			found.chunked = true
		}
	}
	if found.chunked {
		found.length = untilClose
	}
	if isHead || status < 200 || status == http.StatusNoContent || status == http.StatusNotModified {
		found.length, found.chunked = 0, false
	}
	return found, nil
}

// copy passes the body. io.EOF: its end was that of the connection.
func (a answer) copy(to io.Writer, from *bufio.Reader) error {
	if a.chunked || a.length != untilClose {
		return head{length: a.length, chunked: a.chunked}.copyBody(to, from)
	}
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	return io.EOF
}
