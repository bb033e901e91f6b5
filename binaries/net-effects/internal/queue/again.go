package queue

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"ninety/binaries/net-effects/internal/hook"
)

// again sends whole packets. One to an address of this namespace comes in by the loopback, which no
// rule of ours meets, whoever its source is; one for elsewhere carries a mark that our rules pass.
type again struct {
	v4, v6 int
}

func openAgain() (*again, error) {
	a := &again{v4: -1, v6: -1}
	var err error
	for _, one := range []struct {
		fd     *int
		family int
	}{{&a.v4, unix.AF_INET}, {&a.v6, unix.AF_INET6}} {
		// IPPROTO_RAW: the header is ours.
		*one.fd, err = unix.Socket(one.family, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_RAW)
		if one.family == unix.AF_INET6 && errors.Is(err, unix.EAFNOSUPPORT) {
			return a, nil
		}
		if err == nil {
			err = unix.SetsockoptInt(*one.fd, unix.SOL_SOCKET, unix.SO_MARK, hook.OwnMark)
		}
		if err != nil {
			return nil, fmt.Errorf("raw socket: %w", err)
		}
	}
	return a, nil
}

func (a *again) send(payload []byte) error {
	switch headerBytes(payload) {
	case 0:
		return unix.EINVAL
	case 40:
		// No header of version 4 is that long without options, and those may be.
		if payload[0]>>4 == 6 {
			return unix.Sendto(a.v6, payload, 0, &unix.SockaddrInet6{Addr: [16]byte(payload[24:40])})
		}
	}
	return unix.Sendto(a.v4, payload, 0, &unix.SockaddrInet4{Addr: [4]byte(payload[16:20])})
}
