package hook

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"ninety/binaries/net-effects/internal/netlink"
)

const (
	tableOwned = 2 // NFT_TABLE_F_OWNER
	// Families as the packet filter numbers them.
	familyInet = 1
)

// Kind is what a base chain is for.
type Kind string

const (
	Filter Kind = "filter"
	Nat    Kind = "nat"
	Route  Kind = "route"
)

// Point is where in a packet's way a base chain stands.
type Point uint32

const (
	Prerouting  Point = 0
	Input       Point = 1
	Forward     Point = 2
	Output      Point = 3
	Postrouting Point = 4
)

// Priorities of base chains at one point, as usual.
const (
	PriorityMangle         int32 = -150
	PriorityDestinationNat int32 = -100
	PriorityFilter         int32 = 0
)

// Table is one table for IPv4 and IPv6, built in memory and put in place by Commit as a whole.
type Table struct {
	name  string
	fd    int
	batch []byte
	names map[uint32]string
	seq   uint32
	sets  uint32
}

// Open begins a table of that name, owned by this process: it is gone when the process is, or
// after Close. The process must have called Enter before.
func Open(name string) (*Table, error) {
	fd, err := netlink.Open()
	if err != nil {
		return nil, err
	}
	table := &Table{name: name, fd: fd, names: map[uint32]string{}}
	table.begin()
	return table, nil
}

func (t *Table) begin() {
	t.batch = netlink.Append(nil, netlink.Message{
		Type: unix.NFNL_MSG_BATCH_BEGIN, Resource: unix.NFNL_SUBSYS_NFTABLES,
	}, nil)
	t.add("table", unix.NFT_MSG_NEWTABLE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, func(b []byte) []byte {
		b = netlink.Text(b, unix.NFTA_TABLE_NAME, t.name)
		return netlink.Uint32(b, unix.NFTA_TABLE_FLAGS, tableOwned)
	})
}

// Chain adds a base chain; what no rule decides is accepted.
func (t *Table) Chain(name string, kind Kind, at Point, priority int32) {
	t.add("chain "+name, unix.NFT_MSG_NEWCHAIN, unix.NLM_F_CREATE, func(b []byte) []byte {
		b = netlink.Text(b, unix.NFTA_CHAIN_TABLE, t.name)
		b = netlink.Text(b, unix.NFTA_CHAIN_NAME, name)
		b = netlink.Nested(b, unix.NFTA_CHAIN_HOOK, func(b []byte) []byte {
			b = netlink.Uint32(b, unix.NFTA_HOOK_HOOKNUM, uint32(at))
			return netlink.Uint32(b, unix.NFTA_HOOK_PRIORITY, uint32(priority))
		})
		return netlink.Text(b, unix.NFTA_CHAIN_TYPE, string(kind))
	})
}

// Rule adds a rule at the end of a chain: all matches in order, then what is done.
func (t *Table) Rule(chain string, parts ...Part) {
	var expressions []expression
	for _, part := range parts {
		for _, one := range part {
			if one.members != nil {
				one = t.lookup(one)
			}
			expressions = append(expressions, one)
		}
	}
	flags := uint16(unix.NLM_F_CREATE | unix.NLM_F_APPEND)
	t.add("rule in "+chain, unix.NFT_MSG_NEWRULE, flags, func(b []byte) []byte {
		b = netlink.Text(b, unix.NFTA_RULE_TABLE, t.name)
		b = netlink.Text(b, unix.NFTA_RULE_CHAIN, chain)
		return netlink.Nested(b, unix.NFTA_RULE_EXPRESSIONS, func(b []byte) []byte {
			for _, one := range expressions {
				b = netlink.Nested(b, unix.NFTA_LIST_ELEM, func(b []byte) []byte {
					b = netlink.Text(b, unix.NFTA_EXPR_NAME, one.name)
					return netlink.Nested(b, unix.NFTA_EXPR_DATA, one.data)
				})
			}
			return b
		})
	})
}

// lookup adds the set of an expression's members and gives the expression that looks in it.
func (t *Table) lookup(of expression) expression {
	t.sets++
	id, name := t.sets, "__set%d"
	length := len(of.members[0])
	t.add("set", unix.NFT_MSG_NEWSET, unix.NLM_F_CREATE, func(b []byte) []byte {
		b = netlink.Text(b, unix.NFTA_SET_TABLE, t.name)
		b = netlink.Text(b, unix.NFTA_SET_NAME, name)
		b = netlink.Uint32(b, unix.NFTA_SET_FLAGS, unix.NFT_SET_ANONYMOUS|unix.NFT_SET_CONSTANT)
		b = netlink.Uint32(b, unix.NFTA_SET_KEY_TYPE, 0)
		b = netlink.Uint32(b, unix.NFTA_SET_KEY_LEN, uint32(length))
		return netlink.Uint32(b, unix.NFTA_SET_ID, id)
	})
	t.add("members of a set", unix.NFT_MSG_NEWSETELEM, unix.NLM_F_CREATE, func(b []byte) []byte {
		b = netlink.Text(b, unix.NFTA_SET_ELEM_LIST_TABLE, t.name)
		b = netlink.Text(b, unix.NFTA_SET_ELEM_LIST_SET, name)
		b = netlink.Uint32(b, unix.NFTA_SET_ELEM_LIST_SET_ID, id)
		return netlink.Nested(b, unix.NFTA_SET_ELEM_LIST_ELEMENTS, func(b []byte) []byte {
			for _, member := range of.members {
				b = netlink.Nested(b, unix.NFTA_LIST_ELEM, func(b []byte) []byte {
					return netlink.Nested(b, unix.NFTA_SET_ELEM_KEY, func(b []byte) []byte {
						return netlink.Attribute(b, unix.NFTA_DATA_VALUE, member)
					})
				})
			}
			return b
		})
	})
	return expression{name: "lookup", data: func(b []byte) []byte {
		b = netlink.Text(b, unix.NFTA_LOOKUP_SET, name)
		b = netlink.Uint32(b, unix.NFTA_LOOKUP_SREG, unix.NFT_REG_1)
		b = netlink.Uint32(b, unix.NFTA_LOOKUP_SET_ID, id)
		if of.inverted {
			b = netlink.Uint32(b, unix.NFTA_LOOKUP_FLAGS, 1)
		}
		return b
	}}
}

func (t *Table) add(name string, kind, flags uint16, attributes func([]byte) []byte) {
	t.seq++
	t.names[t.seq] = name
	t.batch = netlink.Append(t.batch, netlink.Message{
		Type:   unix.NFNL_SUBSYS_NFTABLES<<8 | kind,
		Flags:  flags | unix.NLM_F_ACK,
		Seq:    t.seq,
		Family: familyInet,
	}, attributes)
}

// Commit puts the table in place, whole or not at all.
func (t *Table) Commit() error {
	batch := netlink.Append(t.batch, netlink.Message{
		Type: unix.NFNL_MSG_BATCH_END, Resource: unix.NFNL_SUBSYS_NFTABLES,
	}, nil)
	if err := netlink.Send(t.fd, batch); err != nil {
		return fmt.Errorf("table %s: %w", t.name, err)
	}
	err := netlink.AwaitAcks(t.fd, t.names)
	if errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("table %s: the kernel must be 5.12 or later, with nf_tables: %w", t.name, err)
	}
	if err != nil {
		return fmt.Errorf("table %s: %w", t.name, err)
	}
	return nil
}

// Close removes the table.
func (t *Table) Close() error {
	return unix.Close(t.fd)
}

// Part is a match of a rule, or what it does.
type Part []expression

type expression struct {
	name string
	data func([]byte) []byte
	// members: the value loaded before must be one of them, or none where inverted.
	members  [][]byte
	inverted bool
}

func network(value uint16) []byte { return binary.BigEndian.AppendUint16(nil, value) }
func host(value uint16) []byte    { return binary.NativeEndian.AppendUint16(nil, value) }
func host32(value uint32) []byte  { return binary.NativeEndian.AppendUint32(nil, value) }
