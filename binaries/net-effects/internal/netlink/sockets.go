package netlink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// State of a TCP socket, as the kernel numbers them.
type State uint8

const (
	Established State = 1
	Listening   State = 10
)

const (
	sockDiagByFamily = 20
	sockDestroy      = 21
	// inet_diag_req_v2: family, protocol, extensions, states; then what names the socket.
	requestBytes = 8 + socketIDBytes
	// inet_diag_sockid: both ports and addresses, device and cookie.
	socketIDBytes = 48
	// inet_diag_msg begins with family, state, timer, retransmissions.
	socketIDAt = 4
)

// Socket of TCP in this network namespace.
type Socket struct {
	State       State
	Local, Peer netip.AddrPort
	family      uint8
	id          [socketIDBytes]byte
}

// ErrNotSupported: the kernel has no such operation.
var ErrNotSupported = errors.New("not supported by the kernel")

// Sockets gives those of TCP that are in one of the states, of both families.
func Sockets(states ...State) ([]Socket, error) {
	var mask uint32
	for _, state := range states {
		mask |= 1 << state
	}
	var found []Socket
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		request := request(sockDiagByFamily, unix.NLM_F_DUMP, family)
		binary.NativeEndian.PutUint32(request[unix.SizeofNlMsghdr+4:], mask)
		err := talk(request, func(body []byte) {
			if len(body) >= socketIDAt+socketIDBytes {
				found = append(found, socketOf(body))
			}
		})
		if err != nil {
			return nil, fmt.Errorf("sockets: %w", err)
		}
	}
	return found, nil
}

// Destroy ends a connection at once: its process meets an error, its peer a reset. One that is gone
// is no error. A kernel without the operation says ErrNotSupported, of any socket.
func (s Socket) Destroy() error {
	request := request(sockDestroy, unix.NLM_F_ACK, s.family)
	copy(request[unix.SizeofNlMsghdr+8:], s.id[:])
	err := talk(request, nil)
	switch {
	case errors.Is(err, unix.ENOENT):
		return nil
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EINVAL):
		return fmt.Errorf("end a connection: %w: %w", ErrNotSupported, err)
	case err != nil:
		return fmt.Errorf("end the connection of %s with %s: %w", s.Local, s.Peer, err)
	}
	return nil
}

// CanDestroy asks the kernel for the end of a socket that nobody has.
func CanDestroy() error {
	nobody := Socket{family: unix.AF_INET}
	return nobody.Destroy()
}

func request(kind, flags uint16, family uint8) []byte {
	b := make([]byte, unix.SizeofNlMsghdr+requestBytes)
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], kind)
	binary.NativeEndian.PutUint16(b[6:], flags|unix.NLM_F_REQUEST)
	b[unix.SizeofNlMsghdr] = family
	b[unix.SizeofNlMsghdr+1] = unix.IPPROTO_TCP
	return b
}

func socketOf(body []byte) Socket {
	found := Socket{State: State(body[1]), family: body[0]}
	copy(found.id[:], body[socketIDAt:])
	end := func(port, address int) netip.AddrPort {
		at := netip.AddrFrom4([4]byte(found.id[address:]))
		if found.family == unix.AF_INET6 {
			at = netip.AddrFrom16([16]byte(found.id[address:])).Unmap()
		}
		return netip.AddrPortFrom(at, binary.BigEndian.Uint16(found.id[port:]))
	}
	found.Local, found.Peer = end(0, 4), end(2, 20)
	return found
}

// talk sends a request and gives every message until the last; an acknowledgement is one.
func talk(request []byte, take func(body []byte)) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_INET_DIAG)
	if err != nil {
		return fmt.Errorf("netlink socket: %w", err)
	}
	defer unix.Close(fd)
	limit := unix.Timeval{Sec: 5}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		return fmt.Errorf("netlink timeout: %w", err)
	}
	if err := Send(fd, request); err != nil {
		return err
	}
	buffer := make([]byte, 1<<16)
	for done := false; !done; {
		n, _, err := unix.Recvfrom(fd, buffer, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("netlink answer: %w", err)
		}
		var refused error
		EachMessage(buffer[:n], func(kind uint16, _ uint32, body []byte) {
			switch {
			case kind == unix.NLMSG_DONE:
				done = true
			case kind == unix.NLMSG_ERROR && len(body) >= 4:
				done = true
				if code := int32(binary.NativeEndian.Uint32(body)); code != 0 {
					refused = unix.Errno(-code)
				}
			case kind == sockDiagByFamily && take != nil:
				take(body)
			}
		})
		if refused != nil {
			return refused
		}
	}
	return nil
}
