package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"ninety/binaries/net-effects/internal/hook"
)

const (
	// More wait in the kernel's queue, and beyond that unanswered.
	connectionsMax = 1_024
	dialWithin     = 10 * time.Second
	endWithin      = time.Second
	// originalDestination is SO_ORIGINAL_DST, the same number for both families.
	originalDestination = 80
)

// Counters of connections and requests.
type Counters struct {
	// Connections that were led here.
	Connections int64 `json:"connections"`
	// Answered requests got the error or a spoilt answer, passed ones that of the dependency.
	Answered int64 `json:"answered"`
	Passed   int64 `json:"passed"`
}

// Proxy takes the connections that rules lead to it.
type Proxy struct {
	does    Does
	dialer  hook.Dialer
	slots   chan struct{}
	ends    chan struct{}
	serving sync.WaitGroup

	mutex     sync.Mutex
	at        ports
	listeners []net.Listener
	open      map[net.Conn]struct{}
	ended     bool

	connections, answered, passed atomic.Int64
}

func newProxy(does Does) *Proxy {
	return &Proxy{
		does:   does,
		dialer: hook.NewDialer(ours, dialWithin),
		slots:  make(chan struct{}, connectionsMax),
		ends:   make(chan struct{}),
		open:   map[net.Conn]struct{}{},
	}
}

// Counters so far.
func (p *Proxy) Counters() Counters {
	return Counters{
		Connections: p.connections.Load(),
		Answered:    p.answered.Load(),
		Passed:      p.passed.Load(),
	}
}

// listen makes sure that there is a port for each family of the addresses.
func (p *Proxy) listen(addresses []netip.Addr) (ports, error) {
	if p.does.Kind == "refuse" {
		return ports{}, nil
	}
	for _, address := range addresses {
		port, loopback := &p.at.v4, "127.0.0.1:0"
		if address.Is6() {
			port, loopback = &p.at.v6, "[::1]:0"
		}
		if *port != 0 {
			continue
		}
		listener, err := net.Listen("tcp", loopback)
		if err != nil {
			return ports{}, err
		}
		*port = uint16(listener.Addr().(*net.TCPAddr).Port)
		p.mutex.Lock()
		p.listeners = append(p.listeners, listener)
		p.mutex.Unlock()
		go p.accept(listener)
	}
	return p.at, nil
}

func (p *Proxy) accept(listener net.Listener) {
	for {
		p.slots <- struct{}{}
		connection, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Out of files or memory: the rest waits in the queue.
			<-p.slots
			time.Sleep(10 * time.Millisecond)
			continue
		}
		p.connections.Add(1)
		p.serving.Go(func() {
			defer func() { <-p.slots }()
			p.serve(connection.(*net.TCPConn))
		})
	}
}

func (p *Proxy) serve(client *net.TCPConn) {
	defer p.drop(client)
	if !p.hold(client) {
		return
	}
	if p.does.Kind == "hang" {
		// Read and never answered, until the client has enough.
		_, _ = io.Copy(io.Discard, client)
		return
	}
	to, err := destinationOf(client)
	if err != nil {
		return
	}
	dependency, err := p.dialer.Dial(context.Background(), to.String())
	if err != nil {
		reset(client)
		return
	}
	defer p.drop(dependency)
	if !p.hold(dependency) {
		return
	}
	if p.does.spoils() {
		p.spoil(client, dependency)
	} else {
		p.relay(client, dependency)
	}
}

// hold says whether there is time left for this connection.
func (p *Proxy) hold(connection net.Conn) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.open[connection] = struct{}{}
	return !p.ended
}

// drop closes it; what was sent still arrives.
func (p *Proxy) drop(connection *net.TCPConn) {
	p.mutex.Lock()
	delete(p.open, connection)
	p.mutex.Unlock()
	_ = connection.Close()
}

// reset ends both sides as a service that broke would, in the middle of whatever they do.
func reset(connections ...net.Conn) {
	for _, connection := range connections {
		_ = connection.(*net.TCPConn).SetLinger(0)
		_ = connection.Close()
	}
}

// end resets every connection that was led here, and returns when all are gone. A dial that is
// under way is not waited for.
func (p *Proxy) end() {
	close(p.ends)
	p.mutex.Lock()
	p.ended = true
	for _, listener := range p.listeners {
		_ = listener.Close()
	}
	for connection := range p.open {
		reset(connection)
	}
	p.mutex.Unlock()
	gone := make(chan struct{})
	go func() {
		p.serving.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-time.After(endWithin):
	}
}

// destinationOf is where the client wanted to go before it was led here.
func destinationOf(client *net.TCPConn) (netip.AddrPort, error) {
	raw, err := client.SyscallConn()
	if err != nil {
		return netip.AddrPort{}, err
	}
	isV4 := client.LocalAddr().(*net.TCPAddr).IP.To4() != nil
	var to netip.AddrPort
	var failed error
	err = raw.Control(func(fd uintptr) {
		if isV4 {
			to, failed = destinationV4(int(fd))
		} else {
			to, failed = destinationV6(int(fd))
		}
	})
	return to, errors.Join(err, failed)
}

// destinationV4 reads a sockaddr_in by way of a struct of the same length that x/sys can read.
func destinationV4(fd int) (netip.AddrPort, error) {
	got, err := unix.GetsockoptIPv6Mreq(fd, unix.IPPROTO_IP, originalDestination)
	if err != nil {
		return netip.AddrPort{}, err
	}
	b := got.Multiaddr
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), uint16(b[2])<<8|uint16(b[3])), nil
}

// destinationV6 reads a sockaddr_in6, the first part of the struct that x/sys can read.
func destinationV6(fd int) (netip.AddrPort, error) {
	got, err := unix.GetsockoptIPv6MTUInfo(fd, unix.IPPROTO_IPV6, originalDestination)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port := got.Addr.Port // in the order of the network
	return netip.AddrPortFrom(netip.AddrFrom16(got.Addr.Addr), port<<8|port>>8), nil
}
