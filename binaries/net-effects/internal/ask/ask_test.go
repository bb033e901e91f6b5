package ask

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// served answers each connection as wanted, by the loopback, and gives its address.
func served(t *testing.T, answer func(nth int, connection *net.TCPConn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for nth := 0; ; nth++ {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			answer(nth, connection.(*net.TCPConn))
		}
	}()
	return listener.Addr().String()
}

// says reads one request and says that.
func says(text string) func(int, *net.TCPConn) {
	return func(_ int, connection *net.TCPConn) {
		_, _ = http.ReadRequest(bufio.NewReader(connection))
		_, _ = io.WriteString(connection, text)
		connection.Close()
	}
}

func ask(t *testing.T, url string, reuse bool) func() Answer {
	t.Helper()
	one, err := askerOf(Config{URL: url, Count: 1, WithinMs: 300, Reuse: reuse})
	if err != nil {
		t.Fatal(err)
	}
	return one
}

func TestEnds(t *testing.T) {
	const whole = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
	for name, of := range map[string]struct {
		answer func(int, *net.TCPConn)
		ended  string
		status int
		body   int64
	}{
		"whole":       {says(whole), "complete", 200, 4},
		"cut":         {says(whole[:len(whole)-2]), "short", 200, 2},
		"cut at once": {says(""), "short", 0, 0},
		"not HTTP":    {says("SSH-2.0-x\r\n\r\n"), "none", 0, 0},
		"silent":      {func(_ int, c *net.TCPConn) { t.Cleanup(func() { c.Close() }) }, "none", 0, 0},
		"reset": {func(_ int, c *net.TCPConn) {
			_, _ = http.ReadRequest(bufio.NewReader(c))
			_, _ = io.WriteString(c, whole[:len(whole)-2])
			time.Sleep(20 * time.Millisecond)
			_ = c.SetLinger(0)
			c.Close()
		}, "reset", 200, 2},
	} {
		got := ask(t, "http://"+served(t, of.answer)+"/", false)()
		if got.Ended != of.ended || got.Status != of.status || got.Answered != (of.ended == "complete") {
			t.Errorf("%s: must be %s %d, got %+v", name, of.ended, of.status, got)
		}
		if got.BodyBytes != of.body {
			t.Errorf("%s: %d bytes of the body must come, got %d", name, of.body, got.BodyBytes)
		}
		if got.Address != "127.0.0.1" {
			t.Errorf("%s: must have asked 127.0.0.1, got %q", name, got.Address)
		}
	}
}

func TestReuseTellsOfAResetAndGoesOn(t *testing.T) {
	address := served(t, func(nth int, connection *net.TCPConn) {
		go func() {
			reader := bufio.NewReader(connection)
			for asked := 0; ; asked++ {
				if _, err := http.ReadRequest(reader); err != nil {
					return
				}
				fmt.Fprintf(connection, "HTTP/1.1 %d OK\r\nContent-Length: 0\r\n\r\n", 200+nth)
				if asked == 1 && nth == 0 {
					_ = connection.SetLinger(0)
					time.Sleep(20 * time.Millisecond)
					connection.Close()
					return
				}
			}
		}()
	})
	one := ask(t, "http://"+address+"/", true)
	var got []string
	for range 5 {
		answer := one()
		got = append(got, fmt.Sprint(answer.Ended, " ", answer.Status))
		time.Sleep(40 * time.Millisecond)
	}
	if want := "[complete 200 complete 200 reset 0 complete 201 complete 201]"; fmt.Sprint(got) != want {
		t.Errorf("must be %s, got %s", want, got)
	}
}

func TestNamesAndConnections(t *testing.T) {
	if got := ask(t, "dns://localhost", false)(); !got.Answered || got.Address != "127.0.0.1" && got.Address != "::1" {
		t.Errorf("localhost must have an address, got %+v", got)
	}
	address := served(t, func(_ int, connection *net.TCPConn) { connection.Close() })
	if got := ask(t, "tcp://"+address, false)(); !got.Answered || got.Ended != "complete" {
		t.Errorf("must be connected, got %+v", got)
	}
	for _, wrong := range []string{"", "udp://x", "http:///x", "dns://"} {
		if _, err := askerOf(Config{URL: wrong, Count: 1, WithinMs: 1}); err == nil {
			t.Errorf("%q must be refused", wrong)
		}
	}
}
