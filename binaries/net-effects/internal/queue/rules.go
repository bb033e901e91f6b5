package queue

import (
	"errors"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"

	"ninety/binaries/net-effects/internal/hook"
)

// install puts the rules in place and says by what they act: one of the two ways to a queue,
// whichever the kernel has, or plain drops where all is lost.
func install(config Config, queue uint16) (*hook.Table, string, error) {
	if config.onlyLoses() {
		table, err := commit(config, hook.Drop())
		return table, "nft drop", err
	}
	var refusals []error
	for _, by := range []hook.QueueBy{hook.QueueNative, hook.QueueCompat} {
		table, err := commit(config, hook.Queue(by, queue))
		if err == nil {
			return table, string(by), nil
		}
		refusals = append(refusals, err)
		// No such expression: the other one may be there.
		if !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.EOPNOTSUPP) {
			break
		}
	}
	return nil, "", errors.Join(refusals...)
}

func commit(config Config, action hook.Part) (*hook.Table, error) {
	in, out, err := waysOf(config)
	if err != nil {
		return nil, err
	}
	table, err := hook.Open("ninety-" + config.ID)
	if err != nil {
		return nil, err
	}
	if config.Direction != "out" {
		in.rules(table, config, action)
	}
	if config.Direction != "in" {
		out.rules(table, config, action)
	}
	if err := table.Commit(); err != nil {
		table.Close()
		return nil, err
	}
	return table, nil
}

// way is one direction of packets.
type way struct {
	chain string
	at    hook.Point
	// far, near: where in a packet the other end stands, and this namespace.
	far, near hook.End
	// on: by which devices.
	on hook.Part
	// own are addresses of the node, of which some ports are spared.
	own []netip.Addr
}

// waysOf gives those of a pod, which end and begin in it, or those of a node, where packets of its
// pods pass too: before the destination of what comes in is rewritten, after that of what goes out.
func waysOf(config Config) (in, out way, err error) {
	in = way{chain: "in", at: hook.Input, far: hook.Source, near: hook.Destination, on: hook.ArrivesFromElsewhere()}
	out = way{chain: "out", at: hook.Output, far: hook.Destination, near: hook.Source, on: hook.LeavesForElsewhere()}
	if !config.Node {
		return in, out, nil
	}
	uplinks, err := uplinks()
	if err != nil {
		return in, out, err
	}
	own, err := ownAddresses()
	if err != nil {
		return in, out, err
	}
	in.at, in.on, in.own = hook.Prerouting, hook.ArrivesOn(uplinks), own
	out.at, out.on, out.own = hook.Postrouting, hook.LeavesOn(uplinks), own
	return in, out, nil
}

func ownAddresses() ([]netip.Addr, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var own []netip.Addr
	for _, one := range all {
		if prefix, err := netip.ParsePrefix(one.String()); err == nil {
			own = append(own, prefix.Addr())
		}
	}
	return own, nil
}

func (w way) rules(table *hook.Table, config Config, action hook.Part) {
	table.Chain(w.chain, hook.Filter, w.at, hook.PriorityMangle)
	table.Rule(w.chain, hook.NeighbourDiscovery(), hook.Accept())
	table.Rule(w.chain, hook.Mark(hook.OwnMark), hook.Accept())
	for _, spared := range hook.Addresses(w.far, config.Spared) {
		table.Rule(w.chain, spared, hook.Accept())
	}
	if len(config.SparedPorts) > 0 {
		for _, own := range hook.Addresses(w.near, w.own) {
			table.Rule(w.chain, own, hook.Ports(w.near, config.SparedPorts), hook.Accept())
		}
	}
	matches := w.on
	if len(config.Ports) > 0 {
		matches = append(matches, hook.Ports(w.near, config.Ports)...)
	}
	if config.Peers == nil {
		table.Rule(w.chain, matches, action)
	}
	for _, peers := range hook.Addresses(w.far, config.Peers) {
		table.Rule(w.chain, peers, matches, action)
	}
}
