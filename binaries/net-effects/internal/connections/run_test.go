package connections

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"ninety/binaries/net-effects/internal/nettest"
)

const met, other = 9000, 9001

func TestMain(m *testing.M) {
	nettest.Main(m, map[string]func([]string) error{
		"wait": func([]string) error { return nettest.Wait() },
		"serve": func([]string) error {
			for _, port := range []int{met, other} {
				listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
				if err != nil {
					return err
				}
				go echo(listener)
			}
			return nettest.Wait()
		},
		"hold": Run,
	})
}

func echo(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(connection, connection)
			connection.Close()
		}()
	}
}

type bench struct {
	t         *testing.T
	pod, peer int
}

func newBench(t *testing.T) bench {
	t.Helper()
	nettest.NeedsNamespaces(t)
	pod, peer := nettest.Start(t, "serve", true).Pid, nettest.Start(t, "wait", true).Pid
	nettest.Cable(t, pod, peer)
	return bench{t, pod, peer}
}

func (b bench) hold(config Config) *nettest.Running {
	b.t.Helper()
	config.ID, config.Pid = "run-1/f01.0", b.pod
	text, _ := json.Marshal(config)
	return nettest.Start(b.t, "hold", false, string(text))
}

// open gives a connection that works.
func (b bench) open(from int, host string, port int) net.Conn {
	b.t.Helper()
	connection, err := nettest.Dial(from, "tcp", net.JoinHostPort(host, fmt.Sprint(port)))
	if err == nil {
		b.t.Cleanup(func() { connection.Close() })
		err = works(connection)
	}
	if err != nil {
		b.t.Fatalf("%s:%d must be there, got %v", host, port, err)
	}
	return connection
}

func works(connection net.Conn) error {
	_ = connection.SetDeadline(time.Now().Add(time.Second))
	if _, err := connection.Write([]byte("x")); err != nil {
		return err
	}
	_, err := io.ReadFull(connection, make([]byte, 1))
	return err
}

// isReset waits for the end of an idle connection.
func isReset(connection net.Conn) bool {
	_ = connection.SetReadDeadline(time.Now().Add(time.Second))
	_, err := connection.Read(make([]byte, 1))
	return errors.Is(err, syscall.ECONNRESET)
}

func TestRefuseNew(t *testing.T) {
	b := newBench(t)
	before, sixth := b.open(b.peer, nettest.Pod, met), b.open(b.peer, nettest.PodSixth, met)
	held := b.hold(Config{Does: "refuse-new", Ports: []uint16{met}})
	for _, host := range []string{nettest.Pod, "[" + nettest.PodSixth + "]"} {
		_, err := nettest.Dial(b.peer, "tcp", fmt.Sprintf("%s:%d", host, met))
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s: must be refused, got %v", host, err)
		}
	}
	for name, connection := range map[string]net.Conn{"v4": before, "v6": sixth} {
		if err := works(connection); err != nil {
			t.Errorf("%s: a connection from before must go on, got %v", name, err)
		}
	}
	b.open(b.peer, nettest.Pod, other)
	b.open(b.pod, "127.0.0.1", met)
	b.open(b.pod, nettest.Pod, met)
	var said ended
	held.End(&said)
	nettest.Clean(t, b.pod)
	b.open(b.peer, nettest.Pod, met)
}

func TestRefuseNewSparesAndMeetsAllPorts(t *testing.T) {
	b := newBench(t)
	held := b.hold(Config{Does: "refuse-new", Spared: []netip.Addr{netip.MustParseAddr(nettest.Peer)}})
	b.open(b.peer, nettest.Pod, met)
	for _, port := range []int{met, other} {
		_, err := nettest.Dial(b.peer, "tcp", fmt.Sprintf("[%s]:%d", nettest.PodSixth, port))
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("port %d: must be refused, got %v", port, err)
		}
	}
	held.Kill()
	nettest.Clean(t, b.pod)
	b.open(b.peer, nettest.PodSixth, met)
}

func TestReset(t *testing.T) {
	b := newBench(t)
	before, sixth := b.open(b.peer, nettest.Pod, met), b.open(b.peer, nettest.PodSixth, met)
	others := map[string]net.Conn{
		"another port": b.open(b.peer, nettest.Pod, other),
		"by loopback":  b.open(b.pod, "127.0.0.1", met),
		"to itself":    b.open(b.pod, nettest.Pod, met),
	}
	held := b.hold(Config{Does: "reset", Ports: []uint16{met}, EveryMs: 300})
	for name, connection := range map[string]net.Conn{"v4": before, "v6": sixth} {
		if !isReset(connection) {
			t.Errorf("%s: must be reset while it is idle", name)
		}
	}
	again := b.open(b.peer, nettest.Pod, met)
	if !isReset(again) {
		t.Error("the next one must be reset at the next time")
	}
	for name, connection := range others {
		if err := works(connection); err != nil {
			t.Errorf("%s must go on, got %v", name, err)
		}
	}
	var said ended
	held.End(&said)
	if said.Reset < 3 {
		t.Errorf("three were reset, got %d", said.Reset)
	}
	after := b.open(b.peer, nettest.Pod, met)
	time.Sleep(400 * time.Millisecond)
	if err := works(after); err != nil {
		t.Errorf("after the end nothing must be reset, got %v", err)
	}
}

func TestResetSparesAndMeetsAllPorts(t *testing.T) {
	b := newBench(t)
	spared := b.open(b.peer, nettest.Pod, met)
	one, two := b.open(b.peer, nettest.PodSixth, met), b.open(b.peer, nettest.PodSixth, other)
	b.hold(Config{Does: "reset", EveryMs: 60_000, Spared: []netip.Addr{netip.MustParseAddr(nettest.Peer)}})
	if !isReset(one) || !isReset(two) {
		t.Error("those of all ports must be reset")
	}
	if err := works(spared); err != nil {
		t.Errorf("the spared one must go on, got %v", err)
	}
}

func TestConfig(t *testing.T) {
	for text, want := range map[string]string{
		`{"id":"a","pid":1,"does":"refuse-new"}`:                              "",
		`{"id":"a","pid":1,"does":"reset","everyMs":100}`:                     "",
		`{"id":"a","pid":1,"does":"reset"}`:                                   "everyMs",
		`{"id":"a","pid":1,"does":"refuse-new","everyMs":100}`:                "everyMs",
		`{"id":"a","pid":1,"does":"refuse-new","ports":[0]}`:                  "ports",
		`{"id":"a b","pid":1,"does":"refuse-new"}`:                            "id",
		`{"id":"a","pid":1,"does":"melt"}`:                                    "does",
		`{"id":"a","pid":1,"does":"reset","everyMs":100,"spared":["10.0.0"]}`: "known fields",
		`{"id":"a","pid":1,"does":"reset","everyMs":100,"more":["10.0.0.1"]}`: "known fields",
	} {
		_, err := Read(text)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: must be refused for %q, got %v", text, want, err)
		}
	}
}
