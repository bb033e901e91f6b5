// Package netlink writes and reads the messages of the kernel's packet filter (nfnetlink).
package netlink

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// HeaderBytes is what stands before the attributes: a netlink header and an nfnetlink one.
const HeaderBytes = 20

// kindMask leaves out the flags for nesting and byte order.
const kindMask = 0x3fff

// Message is what differs from message to message besides its attributes.
type Message struct {
	// Type is the subsystem in the high byte, the operation in the low one.
	Type  uint16
	Flags uint16
	Seq   uint32
	// Family is of addresses: NFPROTO_INET and so on.
	Family uint8
	// Resource is the number of a queue, or the subsystem of a batch.
	Resource uint16
}

// Append puts a message behind b; attributes writes what stands in it.
func Append(b []byte, message Message, attributes func([]byte) []byte) []byte {
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	b = binary.NativeEndian.AppendUint16(b, message.Type)
	b = binary.NativeEndian.AppendUint16(b, message.Flags|unix.NLM_F_REQUEST)
	b = binary.NativeEndian.AppendUint32(b, message.Seq)
	b = append(b, 0, 0, 0, 0, message.Family, 0)
	b = binary.BigEndian.AppendUint16(b, message.Resource)
	if attributes != nil {
		b = attributes(b)
	}
	binary.NativeEndian.PutUint32(b[at:], uint32(len(b)-at))
	return b
}

// Attribute puts one attribute behind b.
func Attribute(b []byte, kind uint16, value []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(4+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	return append(b, make([]byte, -len(value)&3)...)
}

// Nested puts an attribute that holds others behind b.
func Nested(b []byte, kind uint16, inside func([]byte) []byte) []byte {
	at := len(b)
	b = append(b, 0, 0)
	b = binary.NativeEndian.AppendUint16(b, kind|unix.NLA_F_NESTED)
	b = inside(b)
	binary.NativeEndian.PutUint16(b[at:], uint16(len(b)-at))
	return b
}

// Text is a string with its zero.
func Text(b []byte, kind uint16, value string) []byte {
	return Attribute(b, kind, append([]byte(value), 0))
}

// Uint32 is a number in the order of the network.
func Uint32(b []byte, kind uint16, value uint32) []byte {
	return Attribute(b, kind, binary.BigEndian.AppendUint32(nil, value))
}

// Uint16 is a number in the order of the network.
func Uint16(b []byte, kind uint16, value uint16) []byte {
	return Attribute(b, kind, binary.BigEndian.AppendUint16(nil, value))
}

// EachMessage gives each message of what was received: its type, its sequence number and all that
// follows the netlink header.
func EachMessage(b []byte, take func(kind uint16, seq uint32, body []byte)) {
	for len(b) >= unix.SizeofNlMsghdr {
		length := int(binary.NativeEndian.Uint32(b))
		if length < unix.SizeofNlMsghdr || length > len(b) {
			return
		}
		kind := binary.NativeEndian.Uint16(b[4:])
		take(kind, binary.NativeEndian.Uint32(b[8:]), b[unix.SizeofNlMsghdr:length])
		b = b[min((length+3)&^3, len(b)):]
	}
}

// EachAttribute gives each attribute, without the flags in its kind.
func EachAttribute(b []byte, take func(kind uint16, value []byte)) {
	for len(b) >= unix.SizeofNlAttr {
		length := int(binary.NativeEndian.Uint16(b))
		if length < unix.SizeofNlAttr || length > len(b) {
			return
		}
		kind := binary.NativeEndian.Uint16(b[2:]) & kindMask
		take(kind, b[unix.SizeofNlAttr:length])
		b = b[min((length+3)&^3, len(b)):]
	}
}

// Open gives a socket to the packet filter of this thread's network namespace.
func Open() (int, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return -1, fmt.Errorf("netlink socket: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("netlink bind: %w", err)
	}
	return fd, nil
}

// Send gives the kernel what b holds.
func Send(fd int, b []byte) error {
	return unix.Sendto(fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

// ErrRefused is what the kernel answers to a message that it does not carry out.
var ErrRefused = errors.New("refused by the kernel")

// AwaitAcks reads until every sequence number in names was acknowledged; the first refusal is the
// error, under the message's name. The kernel answers at once, so a silent one is an error too.
func AwaitAcks(fd int, names map[uint32]string) error {
	limit := unix.Timeval{Sec: 5}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		return fmt.Errorf("netlink timeout: %w", err)
	}
	waiting := len(names)
	var refused error
	buffer := make([]byte, 1<<16)
	for waiting > 0 {
		n, _, err := unix.Recvfrom(fd, buffer, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return errors.Join(refused, fmt.Errorf("netlink answer: %w", err))
		}
		EachMessage(buffer[:n], func(kind uint16, seq uint32, body []byte) {
			name, known := names[seq]
			if kind != unix.NLMSG_ERROR || len(body) < 4 {
				return
			}
			code := int32(binary.NativeEndian.Uint32(body))
			if code != 0 && refused == nil {
				refused = fmt.Errorf("%s: %w: %w", name, ErrRefused, unix.Errno(-code))
			}
			if known {
				waiting--
			}
			// A batch that is refused as a whole gets one answer only.
			if !known && code != 0 {
				waiting = 0
			}
		})
	}
	return refused
}
