// Package connections disturbs the TCP connections that others have to ports of a pod, from inside
// its network namespace: new ones are refused, or established ones are reset.
package connections

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"ninety/binaries/net-effects/internal/holding"
	"ninety/binaries/net-effects/internal/hook"
	"ninety/binaries/net-effects/internal/netlink"
)

// Config is what to do to which connections.
type Config struct {
	// ID names the effect; it is part of the table's name.
	ID string `json:"id"`
	// Pid is any process in the network namespace.
	Pid int `json:"pid"`
	// Ports are those of the namespace itself; none: all that it listens on.
	Ports []uint16 `json:"ports"`
	// Spared are addresses at the other end that are left alone.
	Spared []netip.Addr `json:"spared"`
	// Does is "refuse-new" or "reset".
	Does string `json:"does"`
	// EveryMs the connections that are there then are reset, first at once, 100 to 600,000; of
	// "reset" only.
	EveryMs float64 `json:"everyMs"`
}

const everyMinMs, everyMaxMs = 100, 600_000

type ready struct {
	Did string `json:"did"`
}

// ended is said last.
type ended struct {
	Did string `json:"did"`
	Why string `json:"why"`
	// Reset connections; of "reset" only.
	Reset int64 `json:"reset"`
}

// Read takes the text of a Config.
func Read(arguments ...string) (Config, error) {
	var config Config
	if err := holding.Decode(arguments, &config); err != nil {
		return Config{}, err
	}
	return config, config.check()
}

func (c Config) check() error {
	if err := holding.CheckID(c.ID); err != nil {
		return err
	}
	if slices.Contains(c.Ports, 0) {
		return fmt.Errorf("ports: must be 1 to 65535, got 0")
	}
	switch c.Does {
	case "refuse-new":
		if c.EveryMs != 0 {
			return fmt.Errorf("everyMs: is of reset only, got %v of refuse-new", c.EveryMs)
		}
	case "reset":
		if !(c.EveryMs >= everyMinMs && c.EveryMs <= everyMaxMs) {
			return fmt.Errorf("everyMs: must be %d to %d, got %v", everyMinMs, everyMaxMs, c.EveryMs)
		}
	default:
		return fmt.Errorf("does: must be refuse-new or reset, got %q", c.Does)
	}
	return nil
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
	why := holding.Ends()
	if config.Does == "reset" {
		return resetEvery(config, why)
	}
	table, err := refuseNew(config)
	if err != nil {
		return err
	}
	holding.Say(ready{Did: "ready"})
	said := <-why
	table.Close()
	holding.Say(ended{Did: "ended", Why: said})
	return nil
}

// refuseNew answers the packet that opens a connection with a reset, as where nobody listens; the
// pod's own loopback is never met.
func refuseNew(config Config) (*hook.Table, error) {
	table, err := hook.Open("ninety-" + config.ID)
	if err != nil {
		return nil, err
	}
	table.Chain("in", hook.Filter, hook.Input, hook.PriorityMangle)
	for _, spared := range hook.Addresses(hook.Source, config.Spared) {
		table.Rule("in", spared, hook.Accept())
	}
	matches := hook.ArrivesFromElsewhere()
	if len(config.Ports) > 0 {
		matches = append(matches, hook.Ports(hook.Destination, config.Ports)...)
	}
	table.Rule("in", matches, hook.TCP(), hook.Opens(), hook.Reset())
	if err := table.Commit(); err != nil {
		table.Close()
		return nil, err
	}
	return table, nil
}

// resetEvery needs no rule: nothing of it is left between two times.
func resetEvery(config Config, why <-chan string) error {
	if err := netlink.CanDestroy(); err != nil {
		return fmt.Errorf("the kernel must have INET_DIAG_DESTROY: %w", err)
	}
	total, err := resetNow(config)
	if err != nil {
		return err
	}
	holding.Say(ready{Did: "ready"})
	ticks := time.NewTicker(time.Duration(config.EveryMs * float64(time.Millisecond)))
	defer ticks.Stop()
	for {
		select {
		case said := <-why:
			holding.Say(ended{Did: "ended", Why: said, Reset: total})
			return nil
		case <-ticks.C:
			count, err := resetNow(config)
			if err != nil {
				fmt.Fprintf(os.Stderr, "net-effects connections: %v\n", err)
			}
			total += count
		}
	}
}

// resetNow ends every established connection of others to the ports, and says how many.
func resetNow(config Config) (int64, error) {
	sockets, err := netlink.Sockets(netlink.Established, netlink.Listening)
	if err != nil {
		return 0, err
	}
	ports := config.Ports
	if len(ports) == 0 {
		for _, one := range sockets {
			if one.State == netlink.Listening {
				ports = append(ports, one.Local.Port())
			}
		}
	}
	var count int64
	for _, one := range sockets {
		if one.State != netlink.Established || !slices.Contains(ports, one.Local.Port()) || config.spares(one) {
			continue
		}
		if err := one.Destroy(); err != nil {
			return count, err
		}
		count++
	}
	return count, nil
}

// spares the pod's connections to itself, and those of the spared.
func (c Config) spares(one netlink.Socket) bool {
	peer := one.Peer.Addr()
	return peer == one.Local.Addr() || peer.IsLoopback() || slices.ContainsFunc(c.Spared, func(spared netip.Addr) bool {
		return spared.Unmap() == peer
	})
}
