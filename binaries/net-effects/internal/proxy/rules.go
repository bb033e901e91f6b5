package proxy

import (
	"fmt"
	"net/netip"

	"ninety/binaries/net-effects/internal/hook"
)

// ours is the mark of this process's own connections to the dependency, which go through.
const ours = 0x6e690000

// ports on which this process listens, by family; 0: nobody there.
type ports struct{ v4, v6 uint16 }

// place puts the rules for these addresses in place, in a table of that name.
//
// New connections are led to our port on the loopback; "refuse" answers them with a reset instead.
// Connections that were there before never meet a translation rule: to a service that hangs their
// packets are dropped in both directions; otherwise they are reset at their next packet, so that
// whoever keeps connections opens a new one, which does meet us.
func place(name string, config Config, addresses []netip.Addr, to ports) (*hook.Table, error) {
	table, err := hook.Open(name)
	if err != nil {
		return nil, err
	}
	redirects := config.Does.Kind != "refuse"
	if redirects {
		// Before a mesh's own redirection: the first translation of a connection is the only one.
		table.Chain("lead", hook.Nat, hook.Output, hook.PriorityDestinationNat-1)
		table.Rule("lead", hook.Mark(ours), hook.Accept())
	}
	table.Chain("out", hook.Filter, hook.Output, hook.PriorityFilter)
	table.Rule("out", hook.Mark(ours), hook.Accept())
	hangs := config.Does.Kind == "hang"
	old := hook.Reset()
	if hangs {
		table.Chain("in", hook.Filter, hook.Input, hook.PriorityFilter)
		old = hook.Drop()
	}
	for _, family := range byFamily(addresses, to) {
		for _, match := range hook.Addresses(hook.Destination, family.addresses) {
			port := hook.Port(hook.Destination, config.Port)
			if redirects {
				table.Rule("lead", match, port, hook.Opens(), hook.Redirect(family.port))
			}
			table.Rule("out", match, port, old)
		}
		if !hangs {
			continue
		}
		for _, match := range hook.Addresses(hook.Source, family.addresses) {
			// What we say comes by the loopback, in the dependency's name.
			from := hook.Port(hook.Source, config.Port)
			table.Rule("in", hook.ArrivesFromElsewhere(), match, from, hook.Drop())
		}
	}
	if err := table.Commit(); err != nil {
		table.Close()
		return nil, err
	}
	return table, nil
}

func tableName(id, what string) string { return fmt.Sprintf("ninety-%s-%s", id, what) }

type family struct {
	addresses []netip.Addr
	port      uint16
}

func byFamily(addresses []netip.Addr, to ports) []family {
	v4, v6 := family{port: to.v4}, family{port: to.v6}
	for _, address := range addresses {
		if address.Unmap().Is4() {
			v4.addresses = append(v4.addresses, address)
		} else {
			v6.addresses = append(v6.addresses, address)
		}
	}
	return []family{v4, v6}
}
