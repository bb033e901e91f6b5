package hook

// Keep puts a table of that name in place that meets nothing: while it is there the kernel goes on
// translating what was redirected before, so that its end reaches the pod after the rules are gone.
func Keep(name string) (*Table, error) {
	table, err := Open(name)
	if err != nil {
		return nil, err
	}
	table.Chain("keep", Nat, Output, PriorityDestinationNat)
	// Connections are tracked only where a rule translates; nothing is sent to port 0.
	table.Rule("keep", Port(Destination, 0), Redirect(1))
	if err := table.Commit(); err != nil {
		table.Close()
		return nil, err
	}
	return table, nil
}
