package dns

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ninety/binaries/net-effects/internal/names"
	"ninety/binaries/net-effects/internal/nettest"
)

const right, wrong = "10.1.1.1", "192.0.2.7"

func TestMain(m *testing.M) {
	nettest.Main(m, map[string]func([]string) error{
		"pod": func(arguments []string) error {
			if err := unix.Chroot(arguments[0]); err != nil {
				return err
			}
			return nettest.Wait()
		},
		"serve": func([]string) error {
			packets, err := net.ListenPacket("udp", ":53")
			if err != nil {
				return err
			}
			listener, err := net.Listen("tcp", ":53")
			if err != nil {
				return err
			}
			go serveDatagrams(packets)
			go serveStreams(listener)
			return nettest.Wait()
		},
		"hold": Run,
	})
}

// known has every name of shop.test; nobody else is known.
func known(query []byte) []byte {
	asked, err := questionOf(query)
	if err != nil {
		return nil
	}
	if strings.HasSuffix(asked.name, ".shop.test.") {
		return addressed(query, asked, netip.MustParseAddr(right))
	}
	return answerTo(query, asked, codeNXDomain)
}

func serveDatagrams(packets net.PacketConn) {
	buffer := make([]byte, messageMaxBytes)
	for {
		n, from, err := packets.ReadFrom(buffer)
		if err != nil {
			return
		}
		_, _ = packets.WriteTo(known(buffer[:n]), from)
	}
}

func serveStreams(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			for {
				query, err := readMessage(client)
				if err != nil || writeMessage(client, known(query)) != nil {
					return
				}
			}
		}()
	}
}

type bench struct {
	t   *testing.T
	pod int
}

func newBench(t *testing.T) bench {
	t.Helper()
	nettest.NeedsNamespaces(t)
	root := t.TempDir()
	if err := os.Mkdir(root+"/etc", 0o755); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("search shop.test test\nnameserver %s\nnameserver %s\noptions ndots:5\n", nettest.Peer, nettest.PeerSixth)
	if err := os.WriteFile(root+"/etc/resolv.conf", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	pod, peer := nettest.Start(t, "pod", true, root).Pid, nettest.Start(t, "serve", true).Pid
	nettest.Cable(t, pod, peer)
	return bench{t, pod}
}

func (b bench) hold(name string, does Does) *nettest.Running {
	b.t.Helper()
	text, _ := json.Marshal(struct {
		ID   string         `json:"id"`
		Pid  int            `json:"pid"`
		Name string         `json:"name"`
		Does map[string]any `json:"does"`
	}{"run-1/f01.0", b.pod, name, written(does)})
	return nettest.Start(b.t, "hold", false, string(text))
}

func written(does Does) map[string]any {
	all := map[string]any{"kind": does.Kind, "code": does.Code, "delayMs": does.DelayMs}
	if does.Address.IsValid() {
		all["address"] = does.Address
	}
	return all
}

// lookup asks for a full name as the pod would, and says what it was told and how long it took.
func (b bench) lookup(network, server, name string) (string, time.Duration) {
	resolver := net.Resolver{
		PreferGo: true,
		Dial: func(_ context.Context, _, _ string) (net.Conn, error) {
			return nettest.Dial(b.pod, network, net.JoinHostPort(server, "53"))
		},
	}
	from := time.Now()
	got, err := resolver.LookupNetIP(context.Background(), "ip", name)
	took := time.Since(from)
	if err != nil {
		return err.Error(), took
	}
	return fmt.Sprint(got), took
}

func (b bench) each(look func(network, server string)) {
	for _, network := range []string{"udp", "tcp"} {
		for _, server := range []string{nettest.Peer, nettest.PeerSixth} {
			look(network, server)
		}
	}
}

func (b bench) says(name, want string) {
	b.t.Helper()
	b.each(func(network, server string) {
		b.t.Helper()
		if got, _ := b.lookup(network, server, name); !strings.Contains(got, want) {
			b.t.Errorf("%s by %s of %s: must be %q, got %q", name, network, server, want, got)
		}
	})
}

func TestFail(t *testing.T) {
	b := newBench(t)
	b.says("api.shop.test.", right)
	for code, want := range map[string]string{"NXDOMAIN": "no such host", "SERVFAIL": "server misbehaving"} {
		held := b.hold("api", Does{Kind: "fail", Code: code})
		b.says("api.shop.test.", want)
		b.says("API.shop.test.", want)
		b.says("v1.api.shop.test.", want)
		b.says("other.shop.test.", right)
		b.says("not-api.shop.test.", right)
		var said ended
		held.End(&said)
		if said.Met < 12 || said.Passed < 8 {
			t.Errorf("got %+v", said)
		}
		nettest.Clean(t, b.pod)
		b.says("api.shop.test.", right)
	}
}

func TestSlow(t *testing.T) {
	b := newBench(t)
	held := b.hold("api.shop.test", Does{Kind: "slow", DelayMs: 300})
	b.each(func(network, server string) {
		if got, took := b.lookup(network, server, "api.shop.test."); !strings.Contains(got, right) || took < 300*time.Millisecond {
			t.Errorf("%s of %s: must be slow, got %q in %s", network, server, got, took)
		}
		if got, took := b.lookup(network, server, "other.shop.test."); !strings.Contains(got, right) || took > 200*time.Millisecond {
			t.Errorf("%s of %s: another must not be, got %q in %s", network, server, got, took)
		}
	})
	var said ended
	held.End(&said)
	nettest.Clean(t, b.pod)
}

func TestSlowAnswersAtTheEnd(t *testing.T) {
	b := newBench(t)
	held := b.hold("*", Does{Kind: "slow", DelayMs: 4_000})
	for _, network := range []string{"udp", "tcp"} {
		asked, err := nettest.Dial(b.pod, network, net.JoinHostPort(nettest.Peer, "53"))
		if err != nil {
			t.Fatal(err)
		}
		defer asked.Close()
		query := []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03api\x04shop\x04test\x00\x00\x01\x00\x01")
		if network == "tcp" {
			query = append(binary.BigEndian.AppendUint16(nil, uint16(len(query))), query...)
		}
		if _, err := asked.Write(query); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = asked.SetReadDeadline(time.Now().Add(time.Second))
			if n, err := asked.Read(make([]byte, 512)); n == 0 {
				t.Errorf("%s: what was held back must be answered at the end, got %v", network, err)
			}
		}()
	}
	time.Sleep(100 * time.Millisecond)
	var said ended
	held.End(&said)
}

func TestWrong(t *testing.T) {
	b := newBench(t)
	held := b.hold("*", Does{Kind: "wrong", Address: netip.MustParseAddr(wrong)})
	b.says("api.shop.test.", "["+wrong+"]")
	b.says("nobody.example.", "["+wrong+"]")
	held.Kill()
	nettest.Clean(t, b.pod)
	b.says("api.shop.test.", right)
}

func TestMeets(t *testing.T) {
	pod := names.Names{Search: []string{"a.svc.cluster.local", "svc.cluster.local"}, Dots: 5}
	for _, one := range []struct {
		name, asked string
		want        bool
	}{
		{"server", "server.a.svc.cluster.local.", true},
		{"server", "server.svc.cluster.local.", true},
		{"server", "server.", true},
		{"server", "x.server.a.svc.cluster.local.", true},
		{"server", "my-server.a.svc.cluster.local.", false},
		{"server", "server.b.svc.cluster.local.", false},
		{"cluster.local.", "server.b.svc.cluster.local.", true},
		{"cluster.local.", "cluster.local.a.svc.cluster.local.", true},
		{"example.com.", "example.com.a.svc.cluster.local.", false},
		{"Example.com", "www.EXAMPLE.com.", true},
		{"*", ".", true},
	} {
		if got := (Config{Name: one.name}).meetsOf(pod)(one.asked); got != one.want {
			t.Errorf("%s meets %s: must be %v", one.name, one.asked, one.want)
		}
	}
}

func TestQuestion(t *testing.T) {
	head := "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
	for text, want := range map[string]string{
		head + "\x03api\x04shop\x00\x00\x01\x00\x01":                           "api.shop.",
		head + "\x00\x00\x02\x00\x01":                                          "",
		head + "\x03api\xc0\x0c\x00\x01\x00\x01":                               "none",
		head + "\x03api\x04sh":                                                 "none",
		head + "\x03api\x00\x00\x01":                                           "none",
		"\x12\x34\x81\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01": "none",
		"\x12\x34\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01": "none",
		"\x12": "none",
		head + strings.Repeat("\x3f"+strings.Repeat("a", 63), 9) + "\x00\x00\x01\x00\x01": "none",
	} {
		got, err := questionOf([]byte(text))
		if want == "none" && err == nil || want != "none" && (err != nil || got.name != want) {
			t.Errorf("%q: must be %q, got %q %v", text, want, got.name, err)
		}
	}
}

func TestConfig(t *testing.T) {
	does := func(text string) string { return `{"id":"a","pid":1,"name":"x","does":` + text + `}` }
	for text, want := range map[string]string{
		does(`{"kind":"fail","code":"NXDOMAIN"}`):                             "",
		does(`{"kind":"slow","delayMs":10}`):                                  "",
		does(`{"kind":"wrong","address":"127.0.0.1"}`):                        "",
		does(`{"kind":"wrong","address":"10.96.0.1"}`):                        "",
		does(`{"kind":"wrong","address":"8.8.8.8"}`):                          "does.address",
		does(`{"kind":"wrong","address":"2001:db8::1"}`):                      "does.address",
		does(`{"kind":"wrong"}`):                                              "does.address",
		does(`{"kind":"fail"}`):                                               "does.code",
		does(`{"kind":"fail","code":"REFUSED"}`):                              "does.code",
		does(`{"kind":"slow"}`):                                               "does.delayMs",
		does(`{"kind":"slow","delayMs":10,"code":"NXDOMAIN"}`):                "does.code",
		does(`{"kind":"melt"}`):                                               "does.kind",
		`{"id":"a","pid":1,"name":"a b","does":{"kind":"slow","delayMs":10}}`: "name",
		`{"id":"a","pid":1,"name":"*.x","does":{"kind":"slow","delayMs":10}}`: "name",
		`{"id":"a b","pid":1,"name":"x","does":{"kind":"slow","delayMs":10}}`: "id",
		`{"id":"a","pid":1,"name":"*","does":{"kind":"slow","delayMs":10}}`:   "",
	} {
		_, err := Read(text)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: must be refused for %q, got %v", text, want, err)
		}
	}
}
