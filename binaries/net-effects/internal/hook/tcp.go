package hook

import (
	"golang.org/x/sys/unix"

	"ninety/binaries/net-effects/internal/netlink"
)

const (
	flagsOffset = 13 // of the TCP header
	// fin, syn, rst, ack: of these only syn is set in the packet that opens a connection.
	flagsOfInterest = 0x17
	flagSyn         = 0x02

	rejectWithReset = 1 // NFT_REJECT_TCP_RST
)

// TCP matches packets of TCP.
func TCP() Part { return Protocol(unix.IPPROTO_TCP) }

// Port matches TCP packets with that port at that end.
func Port(at End, port uint16) Part {
	return append(TCP(),
		payload(unix.NFT_PAYLOAD_TRANSPORT_HEADER, uint32(at)*2, 2),
		compare(unix.NFT_CMP_EQ, network(port)),
	)
}

// Opens matches the TCP packet that opens a connection, where the protocol is known to be TCP. A
// rule for new connections needs it: connection tracking that has just begun takes the next packet
// of an old one for its first.
func Opens() Part {
	return Part{
		payload(unix.NFT_PAYLOAD_TRANSPORT_HEADER, flagsOffset, 1),
		{name: "bitwise", data: func(b []byte) []byte {
			b = netlink.Uint32(b, unix.NFTA_BITWISE_SREG, unix.NFT_REG_1)
			b = netlink.Uint32(b, unix.NFTA_BITWISE_DREG, unix.NFT_REG_1)
			b = netlink.Uint32(b, unix.NFTA_BITWISE_LEN, 1)
			b = value(b, unix.NFTA_BITWISE_MASK, []byte{flagsOfInterest})
			return value(b, unix.NFTA_BITWISE_XOR, []byte{0})
		}},
		compare(unix.NFT_CMP_EQ, []byte{flagSyn}),
	}
}

// Reset ends the packet and answers its sender with a TCP reset, where the protocol is TCP.
func Reset() Part {
	return Part{{name: "reject", data: func(b []byte) []byte {
		return netlink.Uint32(b, unix.NFTA_REJECT_TYPE, rejectWithReset)
	}}}
}
