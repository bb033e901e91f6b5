package proxy

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"ninety/binaries/net-effects/internal/holding"
	"ninety/binaries/net-effects/internal/hook"
	"ninety/binaries/net-effects/internal/names"
)

const (
	lookupFirst = 4 * time.Second
	// lookupEvery is how soon an address is met that the name got later.
	lookupEvery    = 5 * time.Second
	addressesMax   = 64
	memoryMaxBytes = 128 << 20
)

// ready is said once the rules are in place.
type ready struct {
	Did string `json:"did"`
	// Addresses that are met, as the pod's packets carry them.
	Addresses []netip.Addr `json:"addresses"`
}

// ended is said last.
type ended struct {
	Did string `json:"did"`
	Why string `json:"why"`
	// Addresses that were met in the end.
	Addresses []netip.Addr `json:"addresses"`
	Counters
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
	why := holding.Ends()
	met, err := begin(config, known)
	if err != nil {
		return err
	}
	holding.Say(ready{Did: "ready", Addresses: met.addresses})
	said := met.follow(known, why)
	met.end()
	holding.Say(ended{Did: "ended", Why: said, Addresses: met.addresses, Counters: met.proxy.Counters()})
	return nil
}

// effect is what is in place: all of it is gone with this process.
type effect struct {
	config    Config
	proxy     *Proxy
	addresses []netip.Addr
	tables    []*hook.Table
	kept      *hook.Table
}

func begin(config Config, known names.Names) (*effect, error) {
	limited, done := context.WithTimeout(context.Background(), lookupFirst)
	defer done()
	addresses, err := known.Lookup(limited, config.Host)
	if err != nil {
		return nil, err
	}
	met := &effect{config: config, proxy: newProxy(config.Does)}
	if met.kept, err = hook.Keep(tableName(config.ID, "keep")); err != nil {
		return nil, err
	}
	return met, met.meet(addresses)
}

// meet puts rules for more addresses in place: one table for each time.
func (e *effect) meet(addresses []netip.Addr) error {
	if len(e.addresses)+len(addresses) > addressesMax {
		return fmt.Errorf("host %s: addresses must be at most %d, got more", e.config.Host, addressesMax)
	}
	to, err := e.proxy.listen(addresses)
	if err != nil {
		return err
	}
	name := tableName(e.config.ID, fmt.Sprint(len(e.tables)))
	table, err := place(name, e.config, addresses, to)
	if err != nil {
		return err
	}
	e.tables = append(e.tables, table)
	e.addresses = append(e.addresses, addresses...)
	return nil
}

// follow meets what the name means later too, until it is time to end; addresses that it lost are
// still met.
func (e *effect) follow(known names.Names, why <-chan string) string {
	ticks := time.NewTicker(lookupEvery)
	defer ticks.Stop()
	for {
		select {
		case said := <-why:
			return said
		case <-ticks.C:
			limited, done := context.WithTimeout(context.Background(), lookupEvery/2)
			addresses, err := known.Lookup(limited, e.config.Host)
			done()
			if err == nil {
				addresses = slices.DeleteFunc(addresses, func(one netip.Addr) bool {
					return slices.Contains(e.addresses, one)
				})
			}
			if err == nil && len(addresses) > 0 {
				err = e.meet(addresses)
			}
			if err != nil {
				fmt.Fprintf(os.Stderr, "net-effects proxy: %v\n", err)
			}
		}
	}
}

// end lets new connections through first; then those that were met end, and their ends still reach
// the pod.
func (e *effect) end() {
	for _, table := range e.tables {
		table.Close()
	}
	e.proxy.end()
	e.kept.Close()
}
