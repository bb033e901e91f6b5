package dns

import (
	"fmt"
	"net/netip"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"ninety/binaries/net-effects/internal/holding"
	"ninety/binaries/net-effects/internal/hook"
	"ninety/binaries/net-effects/internal/names"
)

const (
	port           = 53
	memoryMaxBytes = 128 << 20
)

// ready is said once the rules are in place.
type ready struct {
	Did string `json:"did"`
	// Servers whose look-ups are met.
	Servers []string `json:"servers"`
}

// ended is said last.
type ended struct {
	Did string `json:"did"`
	Why string `json:"why"`
	// Met look-ups, and those that were none of ours.
	Met    int64 `json:"met"`
	Passed int64 `json:"passed"`
}

// Run holds the effect until SIGTERM, SIGINT or the end of its standard input.
func Run(arguments []string) error {
	config, err := Read(arguments...)
	if err != nil {
		return err
	}
	if err := hook.Enter(config.Pid); err != nil {
		return err
	}
	debug.SetMemoryLimit(memoryMaxBytes)
	known, err := names.Read(fmt.Sprintf("/proc/%d/root", config.Pid))
	if err != nil {
		return fmt.Errorf("names of process %d: %w", config.Pid, err)
	}
	if len(known.Servers) == 0 {
		return fmt.Errorf("pod: must have a name server in its resolv.conf, got none")
	}
	why := holding.Ends()
	resolver := newResolver(config.Does, config.meetsOf(known))
	kept, err := hook.Keep("ninety-" + config.ID + "-keep")
	if err != nil {
		return err
	}
	table, err := lead(config.ID, known.Servers, resolver)
	if err != nil {
		return err
	}
	holding.Say(ready{Did: "ready", Servers: known.Servers})
	said := <-why
	// New look-ups go by us first; the answers to those that we have still reach the pod.
	table.Close()
	resolver.end()
	kept.Close()
	holding.Say(ended{Did: "ended", Why: said, Met: resolver.met.Load(), Passed: resolver.passed.Load()})
	return nil
}

// lead brings what goes to these servers to us; connections from before are reset.
func lead(id string, servers []string, resolver *resolver) (*hook.Table, error) {
	table, err := hook.Open("ninety-" + id)
	if err != nil {
		return nil, err
	}
	table.Chain("lead", hook.Nat, hook.Output, hook.PriorityDestinationNat-1)
	table.Rule("lead", hook.Mark(ours), hook.Accept())
	table.Chain("out", hook.Filter, hook.Output, hook.PriorityFilter)
	table.Rule("out", hook.Mark(ours), hook.Accept())
	for _, server := range servers {
		at, err := netip.ParseAddrPort(server)
		if err != nil {
			return nil, fmt.Errorf("name server: must be an address, got %s: %w", server, err)
		}
		datagrams, streams, err := resolver.listen(server)
		if err != nil {
			return nil, err
		}
		for _, match := range hook.Addresses(hook.Destination, []netip.Addr{at.Addr()}) {
			udp := hook.Protocol(unix.IPPROTO_UDP)
			table.Rule("lead", match, udp, hook.Ports(hook.Destination, []uint16{port}), hook.Redirect(datagrams))
			tcp := hook.Port(hook.Destination, port)
			table.Rule("lead", match, tcp, hook.Opens(), hook.Redirect(streams))
			table.Rule("out", match, tcp, hook.Reset())
		}
	}
	if err := table.Commit(); err != nil {
		table.Close()
		return nil, err
	}
	return table, nil
}
