package hook

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	unprivileged = 1024
	// Of the ports below those of clients the uppermost are chosen from, as services listen lower;
	// fewer than portsMin would soon be used up.
	portsMax   = 16_384
	portsMin   = 1024
	portsTried = 16
)

// Dialer opens connections of this process to what its clients are led away from: with a mark that
// rules know, and from ports that no client is given.
//
// The kernel remembers for 10 s where a connection was led that was reset. Whoever comes from the
// same port to the same place meanwhile is led there too, whatever mark it has: a port that a client
// has just left would lead us to ourselves.
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
	return max(unprivileged, low-portsMax), low
}

// Dial opens a connection of TCP.
func (d Dialer) Dial(ctx context.Context, address string) (*net.TCPConn, error) {
	opens := net.Dialer{Timeout: d.within, Control: d.control}
	for tried := 0; d.to > d.from && tried < portsTried; tried++ {
		opens.LocalAddr = &net.TCPAddr{Port: d.from + rand.IntN(d.to-d.from)}
		connection, err := dial(ctx, opens, address)
		// Somebody may have that port.
		if err == nil || !errors.Is(err, unix.EADDRINUSE) && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return connection, err
		}
	}
	opens.LocalAddr = nil
	return dial(ctx, opens, address)
}

func dial(ctx context.Context, opens net.Dialer, address string) (*net.TCPConn, error) {
	connection, err := opens.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return connection.(*net.TCPConn), nil
}

// control marks a socket, and lets it have a port whose last connection is over.
func (d Dialer) control(network, address string, raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	})
	return errors.Join(err, failed, Marked(d.mark)(network, address, raw))
}
