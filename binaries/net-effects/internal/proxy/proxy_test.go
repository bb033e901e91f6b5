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
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The test's own program in other roles, by this variable.
const role = "PROXY_TEST_ROLE"

const (
	server = "10.9.0.2"
	sixth  = "fd00:9::2"
	web    = 8080
	echo   = 9000
	body   = "from the service"
)

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "wait":
		fmt.Println("there")
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "serve":
		go serve()
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "proxy":
		if err := Run(os.Args[1:]); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
}

// serve answers HTTP with what it was sent, and on another port speaks first and then echoes.
func serve() {
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
	fmt.Println("there")
	_ = http.Serve(listener, http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		got, _ := io.ReadAll(request.Body)
		fmt.Fprintf(answer, "%s %s", body, got)
	}))
}

// pod is the namespace of a caller, joined to that of a service by a cable.
type pod struct {
	t   *testing.T
	pid int
}

func newPod(t *testing.T) pod {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: network namespaces need root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("SKIPPED: the cable between namespaces needs iproute2")
	}
	caller := pod{t, start(t, "wait")}
	callee := start(t, "serve")
	ip := func(pid int, words string) {
		t.Helper()
		run(t, "nsenter", append([]string{"--net=/proc/" + strconv.Itoa(pid) + "/ns/net", "ip"}, strings.Fields(words)...)...)
	}
	ip(caller.pid, fmt.Sprintf("link add e0 type veth peer name e0 netns %d", callee))
	for at, pid := range []int{caller.pid, callee} {
		ip(pid, fmt.Sprintf("addr add 10.9.0.%d/24 dev e0", at+1))
		ip(pid, fmt.Sprintf("addr add fd00:9::%d/64 dev e0 nodad", at+1))
		ip(pid, "link set lo up")
		ip(pid, "link set e0 up")
	}
	return caller
}

// start runs this program in another role and a namespace of its own, until the test ends.
func start(t *testing.T, as string) int {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), role+"="+as)
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	// It ends with this process: the other end of its input is here.
	if _, err := command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Skipf("SKIPPED: no network namespace: %v", err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("%s: %q %v", as, line, err)
	}
	return command.Process.Pid
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return string(out)
}

// dial opens a connection from inside the pod.
func (p pod) dial(address string) (net.Conn, error) {
	type result struct {
		connection net.Conn
		err        error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends here
		fd, err := unix.Open(fmt.Sprintf("/proc/%d/ns/net", p.pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Setns(fd, unix.CLONE_NEWNET)
			unix.Close(fd)
		}
		if err != nil {
			done <- result{nil, err}
			return
		}
		connection, err := net.DialTimeout("tcp", address, 5*time.Second)
		done <- result{connection, err}
	}()
	got := <-done
	return got.connection, got.err
}

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

type running struct {
	command *exec.Cmd
	input   io.Closer
	lines   *bufio.Reader
}

// proxied starts the proxy; it is in place on return.
func (p pod) proxied(host string, port uint16, does Does) *running {
	p.t.Helper()
	text, _ := json.Marshal(Config{ID: "run-1/f01.0", Pid: p.pid, Host: host, Port: port, Does: does})
	command := exec.Command(os.Args[0], string(text))
	command.Env = append(os.Environ(), role+"=proxy")
	command.Stderr = os.Stderr
	input, _ := command.StdinPipe()
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, `"did":"ready"`) {
		p.t.Fatalf("must be ready, got %q %v", line, err)
	}
	return &running{command, input, lines}
}

// ends waits for the last words and for nothing to be left.
func (p pod) ends(proxy *running) ended {
	p.t.Helper()
	line, err := proxy.lines.ReadString('\n')
	var said ended
	if err == nil {
		err = json.Unmarshal([]byte(line), &said)
	}
	if err == nil {
		err = proxy.command.Wait()
	}
	if err != nil {
		p.t.Fatalf("must end well, got %q %v", line, err)
	}
	p.clean()
	return said
}

func (p pod) tables() string {
	p.t.Helper()
	return run(p.t, "nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", p.pid), "nft", "list", "tables")
}

func (p pod) clean() {
	p.t.Helper()
	for until := time.Now().Add(2 * time.Second); p.tables() != ""; {
		if time.Now().After(until) {
			p.t.Fatalf("nothing must be left, got %q", p.tables())
		}
		runtime.Gosched()
	}
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
	if err := proxy.command.Process.Signal(syscall.SIGTERM); err != nil {
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
	proxy.input.Close()
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
	proxy.input.Close()
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
		proxy.input.Close()
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
	proxy.input.Close()
	if said := pod.ends(proxy); said.Answered != 0 || said.Connections != 4 {
		t.Errorf("got %+v", said)
	}
}

func TestKilledLeavesNothing(t *testing.T) {
	pod := newPod(t)
	proxy := pod.proxied(server, web, Does{Kind: "hang"})
	if pod.tables() == "" {
		t.Fatal("a table must be there")
	}
	_ = proxy.command.Process.Kill()
	_ = proxy.command.Wait()
	pod.clean()
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
