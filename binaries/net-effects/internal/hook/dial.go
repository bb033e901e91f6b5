package hook

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	unprivileged = 1024
	// portsMin is how many ports below those of clients are enough to choose from.
	portsMin   = 1024
	portsTried = 16
)

// Dialer opens connections of this process to what its clients are led away from: with a mark that
// rules know, and from ports that no client is given.
//
// The kernel remembers where a connection was led: of TCP for 10 s after a reset, of UDP for 30 s or
// more. Whoever comes from the same port to the same place meanwhile is led there too, whatever mark
// it has: a port that a client has just left would lead us to ourselves.
type Dialer struct {
	mark   int
	within time.Duration
	// Ports [from, to); none: any.
	from, to int
}

// NewDialer reads which ports clients are given. The process must have called Enter before.
func NewDialer(mark int, within time.Duration) Dialer {
	dialer := Dialer{mark: mark, within: within}
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		dialer.from, dialer.to = portsBelow(string(text))
	}
	return dialer
}

func portsBelow(clients string) (from, to int) {
	var low, high int
	if _, err := fmt.Sscan(clients, &low, &high); err != nil || low-unprivileged < portsMin {
		return 0, 0
	}
	return unprivileged, low
}

// Dial opens a connection of TCP or UDP.
func (d Dialer) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	isUDP := strings.HasPrefix(network, "udp")
	opens := net.Dialer{Timeout: d.within, Control: d.control(isUDP)}
	for tried := 0; d.to > d.from && tried < portsTried; tried++ {
		port := d.from + rand.IntN(d.to-d.from)
		opens.LocalAddr = &net.TCPAddr{Port: port}
		if isUDP {
			opens.LocalAddr = &net.UDPAddr{Port: port}
		}
		connection, err := opens.DialContext(ctx, network, address)
		// Somebody may have that port.
		if err == nil || !errors.Is(err, unix.EADDRINUSE) && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return connection, err
		}
	}
	opens.LocalAddr = nil
	return opens.DialContext(ctx, network, address)
}

// control marks a socket, and lets one of TCP have a port whose last connection is over.
func (d Dialer) control(isUDP bool) func(network, address string, raw syscall.RawConn) error {
	return func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) {
			failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MARK, d.mark)
			if !isUDP {
				again := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
				failed = errors.Join(failed, again)
			}
		})
		return errors.Join(err, failed)
	}
}
