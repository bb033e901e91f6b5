package hook

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"ninety/binaries/net-effects/internal/netlink"
)

const (
	loopbackDevice = 772 // ARPHRD_LOOPBACK
	familyIPv4     = 2
	familyIPv6     = 10

	verdictRegister = 0 // NFT_REG_VERDICT
)

// End is one side of a packet.
type End int

const (
	Source End = iota
	Destination
)

// ArrivesFromElsewhere matches what comes in on any device but the loopback.
func ArrivesFromElsewhere() Part {
	return Part{meta(unix.NFT_META_IIFTYPE), compare(unix.NFT_CMP_NEQ, host(loopbackDevice))}
}

// LeavesForElsewhere matches what goes out on any device but the loopback.
func LeavesForElsewhere() Part {
	return Part{meta(unix.NFT_META_OIFTYPE), compare(unix.NFT_CMP_NEQ, host(loopbackDevice))}
}

// ArrivesOn matches what comes in on one of these devices, by their numbers.
func ArrivesOn(devices []uint32) Part { return Part{meta(unix.NFT_META_IIF), numbers(devices)} }

// LeavesOn matches what goes out on one of these devices, by their numbers.
func LeavesOn(devices []uint32) Part { return Part{meta(unix.NFT_META_OIF), numbers(devices)} }

func numbers(all []uint32) expression {
	members := make([][]byte, len(all))
	for i, one := range all {
		members[i] = host32(one)
	}
	return expression{members: members}
}

// Protocol matches a transport protocol by its number: unix.IPPROTO_TCP.
func Protocol(number uint8) Part {
	return Part{meta(unix.NFT_META_L4PROTO), compare(unix.NFT_CMP_EQ, []byte{number})}
}

// Ports matches TCP and UDP packets with one of these ports at that end.
func Ports(at End, ports []uint16) Part {
	protocols := expression{members: [][]byte{{unix.IPPROTO_TCP}, {unix.IPPROTO_UDP}}}
	members := make([][]byte, len(ports))
	for i, port := range ports {
		members[i] = network(port)
	}
	return Part{
		meta(unix.NFT_META_L4PROTO), protocols,
		payload(unix.NFT_PAYLOAD_TRANSPORT_HEADER, uint32(at)*2, 2), {members: members},
	}
}

// Addresses gives a match for each family that is among the addresses; each needs a rule of its
// own, as a rule reads the headers of one family only.
func Addresses(at End, addresses []netip.Addr) []Part {
	var v4, v6 [][]byte
	for _, address := range addresses {
		address = address.Unmap()
		if address.Is4() {
			v4 = append(v4, address.AsSlice())
		} else {
			v6 = append(v6, address.AsSlice())
		}
	}
	var parts []Part
	if len(v4) > 0 {
		parts = append(parts, Part{
			meta(unix.NFT_META_NFPROTO), compare(unix.NFT_CMP_EQ, []byte{familyIPv4}),
			payload(unix.NFT_PAYLOAD_NETWORK_HEADER, 12+uint32(at)*4, 4), {members: v4},
		})
	}
	if len(v6) > 0 {
		parts = append(parts, Part{
			meta(unix.NFT_META_NFPROTO), compare(unix.NFT_CMP_EQ, []byte{familyIPv6}),
			payload(unix.NFT_PAYLOAD_NETWORK_HEADER, 8+uint32(at)*16, 16), {members: v6},
		})
	}
	return parts
}

// NeighbourDiscovery matches what IPv6 has in place of ARP: without it not even the node finds the
// pod.
func NeighbourDiscovery() Part {
	return Part{
		meta(unix.NFT_META_NFPROTO), compare(unix.NFT_CMP_EQ, []byte{familyIPv6}),
		meta(unix.NFT_META_L4PROTO), compare(unix.NFT_CMP_EQ, []byte{unix.IPPROTO_ICMPV6}),
		payload(unix.NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1),
		compare(unix.NFT_CMP_GTE, []byte{133}), compare(unix.NFT_CMP_LTE, []byte{137}),
	}
}

// OwnMark is that of packets which this program sends itself.
const OwnMark = 0x6e696e65

// Mark matches packets whose mark is that: a program marks its own connections with SO_MARK.
func Mark(mark uint32) Part {
	return Part{meta(unix.NFT_META_MARK), compare(unix.NFT_CMP_EQ, host32(mark))}
}

// Accept ends the chain, not the packet's way: later chains still see it.
func Accept() Part { return verdict(1) }

// Drop ends the packet.
func Drop() Part { return verdict(0) }

// Redirect changes the destination to a port of this namespace, in a chain of kind Nat.
func Redirect(port uint16) Part {
	return Part{
		{name: "immediate", data: func(b []byte) []byte {
			b = netlink.Uint32(b, unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_1)
			return value(b, unix.NFTA_IMMEDIATE_DATA, network(port))
		}},
		{name: "redir", data: func(b []byte) []byte {
			return netlink.Uint32(b, unix.NFTA_REDIR_REG_PROTO_MIN, unix.NFT_REG_1)
		}},
	}
}

// QueueBy is how a rule hands packets to a queue: kernels have one of the two or both.
type QueueBy string

const (
	QueueNative QueueBy = "nft queue"
	QueueCompat QueueBy = "xt NFQUEUE"
)

// Queue hands packets to a queue in user space; while nobody listens they pass.
func Queue(by QueueBy, number uint16) Part {
	const bypass = 1
	if by == QueueNative {
		return Part{{name: "queue", data: func(b []byte) []byte {
			b = netlink.Uint16(b, unix.NFTA_QUEUE_NUM, number)
			b = netlink.Uint16(b, unix.NFTA_QUEUE_TOTAL, 1)
			return netlink.Uint16(b, unix.NFTA_QUEUE_FLAGS, bypass)
		}}}
	}
	// struct xt_NFQ_info_v3: queuenum, queues_total, flags; targets are padded to 8 bytes.
	info := append(append(append(host(number), host(1)...), host(bypass)...), 0, 0)
	return Part{{name: "target", data: func(b []byte) []byte {
		b = netlink.Text(b, unix.NFTA_TARGET_NAME, "NFQUEUE")
		b = netlink.Uint32(b, unix.NFTA_TARGET_REV, 3)
		return netlink.Attribute(b, unix.NFTA_TARGET_INFO, info)
	}}}
}

func meta(key uint32) expression {
	return expression{name: "meta", data: func(b []byte) []byte {
		b = netlink.Uint32(b, unix.NFTA_META_KEY, key)
		return netlink.Uint32(b, unix.NFTA_META_DREG, unix.NFT_REG_1)
	}}
}

func payload(base, offset, length uint32) expression {
	return expression{name: "payload", data: func(b []byte) []byte {
		b = netlink.Uint32(b, unix.NFTA_PAYLOAD_DREG, unix.NFT_REG_1)
		b = netlink.Uint32(b, unix.NFTA_PAYLOAD_BASE, base)
		b = netlink.Uint32(b, unix.NFTA_PAYLOAD_OFFSET, offset)
		return netlink.Uint32(b, unix.NFTA_PAYLOAD_LEN, length)
	}}
}

func compare(operation uint32, with []byte) expression {
	return expression{name: "cmp", data: func(b []byte) []byte {
		b = netlink.Uint32(b, unix.NFTA_CMP_SREG, unix.NFT_REG_1)
		b = netlink.Uint32(b, unix.NFTA_CMP_OP, operation)
		return value(b, unix.NFTA_CMP_DATA, with)
	}}
}

func verdict(code uint32) Part {
	return Part{{name: "immediate", data: func(b []byte) []byte {
		b = netlink.Uint32(b, unix.NFTA_IMMEDIATE_DREG, verdictRegister)
		return netlink.Nested(b, unix.NFTA_IMMEDIATE_DATA, func(b []byte) []byte {
			return netlink.Nested(b, unix.NFTA_DATA_VERDICT, func(b []byte) []byte {
				return netlink.Uint32(b, unix.NFTA_VERDICT_CODE, code)
			})
		})
	}}}
}

func value(b []byte, kind uint16, of []byte) []byte {
	return netlink.Nested(b, kind, func(b []byte) []byte {
		return netlink.Attribute(b, unix.NFTA_DATA_VALUE, of)
	})
}
