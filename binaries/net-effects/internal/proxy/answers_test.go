package proxy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// broken asks for an answer with a body of that length on a fresh connection, and gives how much of
// the body came and how it ended. In chunks above 2 KiB: the service does not know its length then.
func (p pod) broken(length int) (http.Header, int, error) {
	p.t.Helper()
	connection, err := p.dial(fmt.Sprintf("%s:%d", server, web))
	if err != nil {
		p.t.Fatal(err)
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(2 * time.Second))
	text := strings.Repeat("x", length-len(body)-1)
	request, _ := http.NewRequest(http.MethodPost, "http://x/", strings.NewReader(text))
	if err := request.Write(connection); err != nil {
		p.t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(connection), request)
	if err != nil {
		return nil, 0, err
	}
	got, err := io.ReadAll(answer.Body)
	return answer.Header, len(got), err
}

func TestSlow(t *testing.T) {
	pod := newPod(t)
	before := pod.old()
	proxy := pod.proxied(server, web, Does{Kind: "slow", DelayMs: 200, Ratio: 1})
	ask(t, before)
	if err := answered(before, time.Second); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection from before must be reset, got %v", err)
	}
	client := pod.client(true)
	for _, length := range []int{0, 100, 1 << 20} {
		text, from := strings.Repeat("x", length), time.Now()
		status, got := post(client, server, strings.NewReader(text))
		if status != 200 || got != body+" "+text {
			t.Errorf("%d bytes: must come whole, got %d, %d bytes", length, status, len(got))
		}
		if took := time.Since(from); took < 200*time.Millisecond || took > 400*time.Millisecond {
			t.Errorf("%d bytes: must take 200 ms more, got %s", length, took)
		}
	}
	answer, err := client.Head(fmt.Sprintf("http://%s:%d/", server, web))
	if err != nil || answer.StatusCode != 200 {
		t.Errorf("HEAD: must be answered, got %v", err)
	}
	client.CloseIdleConnections()
	proxy.Input.Close()
	if said := pod.ends(proxy); said.Answered != 4 || said.Passed != 0 || said.Connections != 1 {
		t.Errorf("got %+v", said)
	}
	pod.served(server)
}

func TestSlowAtARatio(t *testing.T) {
	pod := newPod(t)
	proxy := pod.proxied(sixth, web, Does{Kind: "slow", DelayMs: 30, Ratio: 0.5})
	client, slow := pod.client(true), int64(0)
	for nth := range 100 {
		from := time.Now()
		if status, got := post(client, sixthHost, strings.NewReader(strings.Repeat("x", nth*100))); status != 200 {
			t.Fatalf("must be served, got %d %q", status, got)
		}
		if time.Since(from) >= 30*time.Millisecond {
			slow++
		}
	}
	client.CloseIdleConnections()
	proxy.Input.Close()
	said := pod.ends(proxy)
	// Outside of it once in 10^5 runs.
	if said.Answered < 28 || said.Answered > 72 || said.Answered+said.Passed != 100 || slow < said.Answered {
		t.Errorf("about half of 100 must be slow, got %d of %+v", slow, said)
	}
}

func TestReset(t *testing.T) {
	pod := newPod(t)
	for _, after := range []int64{0, 40, 1 << 30} {
		proxy := pod.proxied(server, web, Does{Kind: "reset", AfterBytes: after, Ratio: 1})
		for _, length := range []int{100, 200_000} {
			head, got, err := pod.broken(length)
			if !errors.Is(err, syscall.ECONNRESET) || head == nil {
				t.Errorf("%d bytes after %d: must be reset in its body, got %v", length, after, err)
			}
			if int64(got) > after || got >= length || after > 0 && got == 0 {
				t.Errorf("%d bytes after %d: got %d", length, after, got)
			}
		}
		proxy.Input.Close()
		if said := pod.ends(proxy); said.Answered != 2 || said.Passed != 0 {
			t.Errorf("got %+v", said)
		}
	}
	pod.served(server)
}

func TestTruncate(t *testing.T) {
	pod := newPod(t)
	proxy := pod.proxied(server, web, Does{Kind: "truncate", Ratio: 1})
	for _, length := range []int{100, 200_000} {
		head, got, err := pod.broken(length)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes: must end early, got %v", length, err)
		}
		if length == 100 && (head.Get("Content-Length") != "100" || got != 50) {
			t.Errorf("a half of 100 must come, got %d of %s", got, head.Get("Content-Length"))
		}
		if got == 0 || got >= length {
			t.Errorf("%d bytes: a part must come, got %d", length, got)
		}
	}
	answer, err := pod.client(false).Head(fmt.Sprintf("http://%s:%d/", server, web))
	if err != nil || answer.StatusCode != 200 {
		t.Errorf("without a body nothing is cut, got %v", err)
	}
	proxy.Input.Close()
	if said := pod.ends(proxy); said.Answered != 2 || said.Passed != 1 {
		t.Errorf("got %+v", said)
	}
}

func TestSpoilPassesWhatIsNotHTTP(t *testing.T) {
	pod := newPod(t)
	proxy := pod.proxied(server, echo, Does{Kind: "truncate", Ratio: 1})
	for _, sent := range []string{"GET key\r\n", "\x16\x03\x01binary", "GET / HTTP/1.1\r\n\r\n"} {
		connection, err := pod.dial(fmt.Sprintf("%s:%d", server, echo))
		if err != nil {
			t.Fatal(err)
		}
		_ = connection.SetDeadline(time.Now().Add(2 * time.Second))
		lines := bufio.NewReader(connection)
		if line, err := lines.ReadString('\n'); line != "hello\n" {
			t.Errorf("a service may speak first, got %q %v", line, err)
		}
		_, _ = io.WriteString(connection, sent)
		_ = connection.(*net.TCPConn).CloseWrite()
		if got, err := io.ReadAll(lines); string(got) != sent || err != nil {
			t.Errorf("%q must pass, got %q %v", sent, got, err)
		}
		connection.Close()
	}
	proxy.Input.Close()
	pod.ends(proxy)
}

func TestAnswerHeads(t *testing.T) {
	for text, want := range map[string]answer{
		"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n":                               {status: 200, length: 7},
		"HTTP/1.0 200 OK\r\n\r\n":                                                    {status: 200, length: untilClose},
		"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n":                         {status: 200, length: untilClose, chunked: true},
		"HTTP/1.1 100 Continue\r\n\r\n":                                              {status: 100},
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n":                     {status: 304},
		"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n": {status: 200, length: untilClose, chunked: true},
	} {
		got, err := readAnswer(bufio.NewReader(strings.NewReader(text)), false)
		if err != nil || string(got.text) != text || got.status != want.status || got.length != want.length || got.chunked != want.chunked {
			t.Errorf("%q: must be %+v, got %+v %v", text, want, got, err)
		}
	}
	for _, text := range []string{"SSH-2.0\r\n\r\n", "HTTP/1.1 no\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"} {
		if _, err := readAnswer(bufio.NewReader(strings.NewReader(text)), false); !errors.Is(err, errNotHTTP) {
			t.Errorf("%q: must be no answer of HTTP/1, got %v", text, err)
		}
	}
}
