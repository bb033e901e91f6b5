package queue

import (
	"errors"

	"golang.org/x/sys/unix"

	"ninety/binaries/net-effects/internal/hook"
)

// install puts the rules in place and says by what they act: one of the two ways to a queue,
// whichever the kernel has, or plain drops where all is lost.
func install(config Config, queue uint16) (*hook.Table, string, error) {
	if config.LossRatio == 1 {
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
	table, err := hook.Open("ninety-" + config.ID)
	if err != nil {
		return nil, err
	}
	if config.Direction != "out" {
		table.Chain("in", hook.Filter, hook.Input, hook.PriorityMangle)
		rules(table, "in", config, action)
	}
	if config.Direction != "in" {
		table.Chain("out", hook.Filter, hook.Output, hook.PriorityMangle)
		rules(table, "out", config, action)
	}
	if err := table.Commit(); err != nil {
		table.Close()
		return nil, err
	}
	return table, nil
}

func rules(table *hook.Table, chain string, config Config, action hook.Part) {
	far, near, elsewhere := hook.Source, hook.Destination, hook.ArrivesFromElsewhere()
	if chain == "out" {
		far, near, elsewhere = hook.Destination, hook.Source, hook.LeavesForElsewhere()
	}
	table.Rule(chain, hook.NeighbourDiscovery(), hook.Accept())
	for _, spared := range hook.Addresses(far, config.Spared) {
		table.Rule(chain, spared, hook.Accept())
	}
	matches := elsewhere
	if len(config.Ports) > 0 {
		matches = append(matches, hook.Ports(near, config.Ports)...)
	}
	if config.Peers == nil {
		table.Rule(chain, matches, action)
	}
	for _, peers := range hook.Addresses(far, config.Peers) {
		table.Rule(chain, peers, matches, action)
	}
}
