package queue

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"ninety/binaries/net-effects/internal/netlink"
)

// Of linux/netfilter/nfnetlink_queue.h.
const (
	messagePacket  = unix.NFNL_SUBSYS_QUEUE<<8 | 0
	messageVerdict = unix.NFNL_SUBSYS_QUEUE<<8 | 1
	messageConfig  = unix.NFNL_SUBSYS_QUEUE<<8 | 2

	packetHeader  = 1
	verdictHeader = 2
	packetPayload = 10
	packetLength  = 13

	hookPrerouting = 0
	hookInput      = 1

	configCommand = 1
	configCopy    = 2
	configLength  = 3
	configMask    = 4
	configFlags   = 5
	commandBind   = 1
	copyMeta      = 1
	copyPacket    = 2
	flagFailOpen  = 1
	flagGso       = 4

	verdictDrop   = 0
	verdictAccept = 1
)

const (
	queueFirst  = 41_000
	queueTries  = 64
	lengthMax   = 65_536
	bufferBytes = 16 << 20
	sendBytes   = 1 << 15
)

// socket is a queue that the kernel fills and this process empties.
type socket struct {
	fd     int
	number uint16
	send   []byte
}

// bind takes the first free queue. Where no packet is met by itself, those that the device would cut
// later, up to 64 KiB, are handed over whole; else each packet is one of the wire.
func bind(config Config) (*socket, error) {
	fd, err := netlink.Open()
	if err != nil {
		return nil, err
	}
	s := &socket{fd: fd, send: make([]byte, 0, 2*sendBytes)}
	// Privileged first; the plain one is bounded by the node's own limit.
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, bufferBytes) != nil {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, bufferBytes)
	}
	for tries := 0; ; tries++ {
		s.number = uint16(queueFirst + tries)
		err = s.configure("bind", func(b []byte) []byte {
			return netlink.Attribute(b, configCommand, []byte{commandBind, 0, 0, 0})
		})
		if err == nil {
			break
		}
		if tries == queueTries || !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EBUSY) && !errors.Is(err, unix.EEXIST) {
			unix.Close(fd)
			return nil, fmt.Errorf("packet queue (NETFILTER_NETLINK_QUEUE): %w", err)
		}
	}
	err = s.configure("settings", func(b []byte) []byte {
		b = netlink.Attribute(b, configCopy, copied(config))
		flags := uint32(flagFailOpen)
		if !config.perPacket() {
			flags |= flagGso
		}
		b = netlink.Uint32(b, configFlags, flags)
		b = netlink.Uint32(b, configMask, flagFailOpen|flagGso)
		return netlink.Uint32(b, configLength, lengthMax)
	})
	if err == nil {
		// What does not fit passes by itself; that is counted by the gaps between numbers.
		err = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_NO_ENOBUFS, 1)
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("packet queue %d: %w", s.number, err)
	}
	return s, nil
}

func (s *socket) configure(name string, attributes func([]byte) []byte) error {
	message := netlink.Message{
		Type: messageConfig, Flags: unix.NLM_F_ACK, Seq: 1, Resource: s.number,
	}
	if err := netlink.Send(s.fd, netlink.Append(nil, message, attributes)); err != nil {
		return err
	}
	return netlink.AwaitAcks(s.fd, map[uint32]string{1: name})
}

// copied is how much of each packet comes with its number.
func copied(config Config) []byte {
	copy := []byte{0, 0, 0, 0, copyMeta}
	if config.BytesPerSecond > 0 {
		// With any part of a packet comes its length.
		copy[3], copy[4] = 1, copyPacket
	}
	if config.changes() {
		binary.BigEndian.PutUint32(copy, 1<<16-1)
		copy[4] = copyPacket
	}
	return copy
}

// receive gives each packet in what was read; its payload is lent.
func receive(b []byte, take func(packet)) {
	netlink.EachMessage(b, func(kind uint16, _ uint32, body []byte) {
		if kind != messagePacket || len(body) < 4 {
			return
		}
		var one packet
		netlink.EachAttribute(body[4:], func(kind uint16, value []byte) {
			switch {
			case kind == packetHeader && len(value) >= 7:
				one.id = binary.BigEndian.Uint32(value)
				one.came = value[6] == hookInput || value[6] == hookPrerouting
			case kind == packetPayload:
				one.payload = value
				one.length = max(one.length, len(value))
			case kind == packetLength && len(value) >= 4:
				one.length = int(binary.BigEndian.Uint32(value))
			}
		})
		if one.id != 0 {
			take(one)
		}
	})
}

// decide puts a verdict among those to be sent; many travel at once. With a payload the packet goes
// on as that.
func (s *socket) decide(id uint32, verdict uint32, payload []byte) {
	message := netlink.Message{Type: messageVerdict, Resource: s.number}
	var value [8]byte
	binary.BigEndian.PutUint32(value[:4], verdict)
	binary.BigEndian.PutUint32(value[4:], id)
	s.send = netlink.Append(s.send, message, nil)
	at := len(s.send) - netlink.HeaderBytes
	s.send = netlink.Attribute(s.send, verdictHeader, value[:])
	if payload != nil {
		s.send = netlink.Attribute(s.send, packetPayload, payload)
	}
	binary.NativeEndian.PutUint32(s.send[at:], uint32(len(s.send)-at))
	if len(s.send) >= sendBytes {
		s.flush()
	}
}

func (s *socket) flush() {
	if len(s.send) > 0 {
		// A packet that is gone, with its device, has no verdict: nothing is to be done about it.
		_ = netlink.Send(s.fd, s.send)
		s.send = s.send[:0]
	}
}
