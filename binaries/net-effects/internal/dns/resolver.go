package dns

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"ninety/binaries/net-effects/internal/hook"
)

const (
	// ours is the mark of this process's own asks, which go through.
	ours = 0x6e690001
	// More wait in the kernel's queue, and beyond that unanswered.
	queriesMax      = 1_024
	connectionsMax  = 256
	messageMaxBytes = 1 << 16
	// askWithin: after that whoever asked has asked again.
	askWithin = 5 * time.Second
	endWithin = time.Second
)

// resolver answers in the place of name servers, or asks them.
type resolver struct {
	does    Does
	meets   meets
	slots   chan struct{}
	asking  sync.WaitGroup
	clients chan struct{}
	ends    chan struct{}

	mutex sync.Mutex
	open  []io.Closer

	met, passed atomic.Int64
}

func newResolver(does Does, meets meets) *resolver {
	return &resolver{
		does: does, meets: meets, ends: make(chan struct{}),
		slots: make(chan struct{}, queriesMax), clients: make(chan struct{}, connectionsMax),
	}
}

// listen stands in for one server, and gives the port on which it does, of UDP and of TCP.
func (r *resolver) listen(server string) (uint16, uint16, error) {
	host, _, _ := net.SplitHostPort(server)
	loopback := "127.0.0.1:0"
	if net.ParseIP(host).To4() == nil {
		loopback = "[::1]:0"
	}
	packets, err := net.ListenPacket("udp", loopback)
	if err != nil {
		return 0, 0, err
	}
	listener, err := net.Listen("tcp", loopback)
	if err != nil {
		packets.Close()
		return 0, 0, err
	}
	r.mutex.Lock()
	r.open = append(r.open, packets, listener)
	r.mutex.Unlock()
	go r.datagrams(packets, server)
	go r.streams(listener, server)
	return uint16(packets.LocalAddr().(*net.UDPAddr).Port), uint16(listener.Addr().(*net.TCPAddr).Port), nil
}

func (r *resolver) datagrams(packets net.PacketConn, server string) {
	buffer := make([]byte, messageMaxBytes)
	for {
		n, from, err := packets.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		query := append([]byte(nil), buffer[:n]...)
		r.slots <- struct{}{}
		r.asking.Go(func() {
			defer func() { <-r.slots }()
			if answer := r.answer("udp", server, query); answer != nil {
				_, _ = packets.WriteTo(answer, from)
			}
		})
	}
}

func (r *resolver) streams(listener net.Listener, server string) {
	for {
		r.clients <- struct{}{}
		client, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			<-r.clients
			time.Sleep(10 * time.Millisecond)
			continue
		}
		go func() {
			defer func() { <-r.clients }()
			defer client.Close()
			for {
				_ = client.SetDeadline(time.Now().Add(2 * askWithin))
				query, err := readMessage(client)
				if err != nil {
					return
				}
				r.asking.Add(1)
				answer := r.answer("tcp", server, query)
				if answer != nil {
					err = writeMessage(client, answer)
				}
				r.asking.Done()
				if answer == nil || err != nil {
					return
				}
			}
		}()
	}
}

// answer to a query; nil: there is none.
func (r *resolver) answer(network, server string, query []byte) []byte {
	asked, err := questionOf(query)
	if err != nil || !r.meets(asked.name) {
		r.passed.Add(1)
		return pass(network, server, query)
	}
	r.met.Add(1)
	switch r.does.Kind {
	case "wrong":
		return addressed(query, asked, r.does.Address)
	case "fail":
		code := uint16(codeServFail)
		if r.does.Code == "NXDOMAIN" {
			code = codeNXDomain
		}
		return answerTo(query, asked, code)
	}
	select {
	case <-time.After(time.Duration(r.does.DelayMs * float64(time.Millisecond))):
	case <-r.ends:
	}
	return pass(network, server, query)
}

// pass asks the server that was meant.
func pass(network, server string, query []byte) []byte {
	dialer := net.Dialer{Timeout: askWithin, Control: hook.Marked(ours)}
	connection, err := dialer.DialContext(context.Background(), network, server)
	if err != nil {
		return nil
	}
	defer connection.Close()
	_ = connection.SetDeadline(time.Now().Add(askWithin))
	if network == "tcp" {
		if err := writeMessage(connection, query); err != nil {
			return nil
		}
		answer, err := readMessage(connection)
		if err != nil {
			return nil
		}
		return answer
	}
	if _, err := connection.Write(query); err != nil {
		return nil
	}
	buffer := make([]byte, messageMaxBytes)
	for {
		n, err := connection.Read(buffer)
		if err != nil {
			return nil
		}
		// Another one's answer may come late.
		if n >= headerBytes && len(query) >= 2 && [2]byte(buffer) == [2]byte(query) {
			return buffer[:n]
		}
	}
}

func readMessage(from io.Reader) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(from, message)
	return message, err
}

func writeMessage(to io.Writer, message []byte) error {
	_, err := to.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...))
	return err
}

// end answers at once what was held back, and returns when all that was asked is answered.
func (r *resolver) end() {
	close(r.ends)
	answered := make(chan struct{})
	go func() {
		r.asking.Wait()
		close(answered)
	}()
	select {
	case <-answered:
	case <-time.After(endWithin):
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, one := range r.open {
		_ = one.Close()
	}
}
