package proxy

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"ninety/binaries/net-effects/internal/nettest"
)

const (
	server = nettest.Peer
	sixth  = nettest.PeerSixth
	web    = 8080
	echo   = 9000
	body   = "from the service"
)

func TestMain(m *testing.M) {
	nettest.Main(m, map[string]func([]string) error{
		"wait":  func([]string) error { return nettest.Wait() },
		"serve": func([]string) error { return serve() },
		"proxy": Run,
	})
}

// serve answers HTTP with what it was sent, and on another port speaks first and then echoes.
func serve() error {
	raw, _ := net.Listen("tcp", fmt.Sprintf(":%d", echo))
	go func() {
		for {
			connection, err := raw.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.WriteString(connection, "hello\n")
				_, _ = io.Copy(connection, connection)
				connection.Close()
			}()
		}
	}()
	listener, _ := net.Listen("tcp", fmt.Sprintf(":%d", web))
	go http.Serve(listener, http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		got, _ := io.ReadAll(request.Body)
		fmt.Fprintf(answer, "%s %s", body, got)
	}))
	return nettest.Wait()
}

// pod is the namespace of a caller, joined to that of a service by a cable.
type pod struct {
	t   *testing.T
	pid int
}

func newPod(t *testing.T) pod {
	t.Helper()
	nettest.NeedsNamespaces(t)
	caller := pod{t, nettest.Start(t, "wait", true).Pid}
	nettest.Cable(t, caller.pid, nettest.Start(t, "serve", true).Pid)
	return caller
}

// dial opens a connection from inside the pod.
func (p pod) dial(address string) (net.Conn, error) { return nettest.Dial(p.pid, "tcp", address) }

func (p pod) client(keeps bool) *http.Client {
	return &http.Client{
		Timeout: 6 * time.Second,
		Transport: &http.Transport{
			DisableKeepAlives: !keeps,
			DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
				return p.dial(address)
			},
		},
	}
}

// post gives status and body of a POST, or -1 and why.
func post(client *http.Client, host string, text io.Reader) (int, string) {
	answer, err := client.Post(fmt.Sprintf("http://%s:%d/", host, web), "text/plain", text)
	if err != nil {
		return -1, err.Error()
	}
	defer answer.Body.Close()
	got, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(got)
}

func (p pod) served(host string) {
	p.t.Helper()
	if status, text := post(p.client(false), host, nil); status != 200 || text != body+" " {
		p.t.Fatalf("must be served, got %d %q", status, text)
	}
}

// old is a connection from before, on which a request is answered.
func (p pod) old() net.Conn {
	p.t.Helper()
	connection, err := p.dial(fmt.Sprintf("%s:%d", server, web))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { connection.Close() })
	ask(p.t, connection)
	if err := answered(connection, time.Second); err != nil {
		p.t.Fatal(err)
	}
	return connection
}

func ask(t *testing.T, connection net.Conn) {
	t.Helper()
	if _, err := io.WriteString(connection, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
}

func answered(connection net.Conn, within time.Duration) error {
	_ = connection.SetReadDeadline(time.Now().Add(within))
	text := make([]byte, 4096)
	n, err := connection.Read(text)
	if err == nil && !strings.HasSuffix(string(text[:n]), body+" ") {
		return fmt.Errorf("got %q", text[:n])
	}
	return err
}

// proxied starts the proxy; it is in place on return.
func (p pod) proxied(host string, port uint16, does Does) *nettest.Running {
	p.t.Helper()
	text, _ := json.Marshal(Config{ID: "run-1/f01.0", Pid: p.pid, Host: host, Port: port, Does: does})
	return nettest.Start(p.t, "proxy", false, string(text))
}

// ends waits for the last words and for nothing to be left.
func (p pod) ends(proxy *nettest.Running) ended {
	p.t.Helper()
	var said ended
	proxy.Last(&said)
	nettest.Clean(p.t, p.pid)
	return said
}

func TestHang(t *testing.T) {
	pod := newPod(t)
	pod.served(server)
	before := pod.old()
	proxy := pod.proxied(server, web, Does{Kind: "hang"})
	fresh, err := pod.dial(fmt.Sprintf("%s:%d", server, web))
	if err != nil {
		t.Fatalf("a service that hangs accepts, got %v", err)
	}
	defer fresh.Close()
	for name, connection := range map[string]net.Conn{"old": before, "fresh": fresh} {
		ask(t, connection)
		if err := answered(connection, 400*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: must be silent, got %v", name, err)
		}
	}
	if err := syscall.Kill(proxy.Pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := answered(fresh, time.Second); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("what was held must be reset at the end, got %v", err)
	}
	if said := pod.ends(proxy); said.Connections != 1 || said.Why != "terminated" {
		t.Errorf("got %+v", said)
	}
	if err := answered(before, 5*time.Second); err != nil {
		t.Errorf("a connection from before must go on, got %v", err)
	}
	pod.served(server)
}

func TestRefuse(t *testing.T) {
	pod := newPod(t)
	before := pod.old()
	proxy := pod.proxied(server, web, Does{Kind: "refuse"})
	if _, err := pod.dial(fmt.Sprintf("%s:%d", server, web)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("must be refused, got %v", err)
	}
	ask(t, before)
	if err := answered(before, time.Second); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection from before must be reset, got %v", err)
	}
	other, err := pod.dial(fmt.Sprintf("%s:%d", server, echo))
	if err != nil {
		t.Fatalf("another port must be reached, got %v", err)
	}
	other.Close()
	pod.served(sixthHost)
	proxy.Input.Close()
	if said := pod.ends(proxy); said.Why != "end of input" {
		t.Errorf("got %+v", said)
	}
	pod.served(server)
}

const sixthHost = "[" + sixth + "]"

func TestError(t *testing.T) {
	pod := newPod(t)
	before := pod.old()
	proxy := pod.proxied(server, web, Does{Kind: "error", Status: 503, Ratio: 1})
	ask(t, before)
	if err := answered(before, time.Second); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection from before must be reset, got %v", err)
	}
	client := pod.client(true)
	for range 3 {
		if status, text := post(client, server, strings.NewReader("a body")); status != 503 {
			t.Fatalf("must be 503, got %d %q", status, text)
		}
	}
	// Sent in chunks: its length is not known before.
	if status, text := post(client, server, io.MultiReader(strings.NewReader("a"))); status != 503 {
		t.Errorf("must be 503, got %d %q", status, text)
	}
	client.CloseIdleConnections()
	proxy.Input.Close()
	if said := pod.ends(proxy); said.Answered != 4 || said.Passed != 0 || said.Connections != 1 {
		t.Errorf("got %+v", said)
	}
	pod.served(server)
}

func TestErrorAtARatio(t *testing.T) {
	pod := newPod(t)
	for _, host := range []string{server, sixth} {
		proxy := pod.proxied(host, web, Does{Kind: "error", Status: 429, Ratio: 0.5})
		client, got := pod.client(true), map[int]int64{}
		address := host
		if host == sixth {
			address = sixthHost
		}
		for nth := range 200 {
			text := strings.Repeat("x", nth*100)
			var sent io.Reader = strings.NewReader(text)
			if nth%2 == 0 {
				sent = io.MultiReader(sent)
			}
			status, answer := post(client, address, sent)
			got[status]++
			if status == 200 && answer != body+" "+text {
				t.Fatalf("what passes must pass whole, got %d bytes", len(answer))
			}
		}
		// Outside of it once in 10^8 runs.
		if got[200]+got[429] != 200 || got[429] < 60 || got[429] > 140 {
			t.Errorf("%s: about half of 200 must be 429, got %v", host, got)
		}
		client.CloseIdleConnections()
		proxy.Input.Close()
		if said := pod.ends(proxy); said.Answered != got[429] || said.Passed != got[200] {
			t.Errorf("got %+v", said)
		}
	}
}

func TestErrorPassesWhatIsNotHTTP(t *testing.T) {
	pod := newPod(t)
	proxy := pod.proxied(server, echo, Does{Kind: "error", Status: 503, Ratio: 1})
	for _, sent := range []string{"GET key\r\n", "\x16\x03\x01binary", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "EHLO me\r\n"} {
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
	if said := pod.ends(proxy); said.Answered != 0 || said.Connections != 4 {
		t.Errorf("got %+v", said)
	}
}

func TestKilledLeavesNothing(t *testing.T) {
	pod := newPod(t)
	proxy := pod.proxied(server, web, Does{Kind: "hang"})
	if nettest.Tables(t, pod.pid) == "" {
		t.Fatal("a table must be there")
	}
	proxy.Kill()
	nettest.Clean(t, pod.pid)
	pod.served(server)
}

func TestConfig(t *testing.T) {
	for text, want := range map[string]string{
		`{"id":"a","pid":1,"host":"x","port":1,"does":{"kind":"hang"}}`:                            "",
		`{"id":"a","pid":1,"host":"x","port":1,"does":{"kind":"error","status":503,"ratio":0.5}}`:  "",
		`{"id":"a","pid":1,"host":"x","port":0,"does":{"kind":"hang"}}`:                            "port",
		`{"id":"a b","pid":1,"host":"x","port":1,"does":{"kind":"hang"}}`:                          "id",
		`{"id":"a","pid":1,"host":"-x","port":1,"does":{"kind":"hang"}}`:                           "host",
		`{"id":"a","pid":1,"host":"x","port":1,"does":{"kind":"melt"}}`:                            "does.kind",
		`{"id":"a","pid":1,"host":"x","port":1,"does":{"kind":"hang","ratio":1}}`:                  "no ratio",
		`{"id":"a","pid":1,"host":"x","port":1,"does":{"kind":"error","status":200,"ratio":0.5}}`:  "status",
		`{"id":"a","pid":1,"host":"x","port":1,"does":{"kind":"error","status":503,"ratio":1.5}}`:  "ratio",
		`{"id":"a","pid":1,"host":"x","port":1,"does":{"kind":"slow","delayMs":9,"ratio":1}}`:      "",
		`{"id":"a","pid":1,"host":"x","port":1,"does":{"kind":"slow","ratio":1}}`:                  "delayMs",
		`{"id":"a","pid":1,"host":"x","port":1,"does":{"kind":"reset","ratio":1}}`:                 "",
		`{"id":"a","pid":1,"host":"x","port":1,"does":{"kind":"reset","afterBytes":-1,"ratio":1}}`: "afterBytes",
		`{"id":"a","pid":1,"host":"x","port":1,"does":{"kind":"truncate","ratio":1}}`:              "",
		`{"id":"a","pid":1,"host":"x","port":1,"does":{"kind":"truncate","delayMs":9,"ratio":1}}`:  "delayMs",
		`{"id":"a","pid":1,"host":"x","port":1,"does":{"kind":"truncate"}}`:                        "ratio",
		`{"id":"a","pid":1,"host":"x","port":1,"does":{"kind":"hang"},"more":1}`:                   "known fields",
	} {
		_, err := Read(text)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: must be refused for %q, got %v", text, want, err)
		}
	}
}
