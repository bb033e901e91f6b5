package hook

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

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

// Marked makes sockets of this process ones that a rule knows by Mark: for a dialer's Control.
func Marked(mark int) func(network, address string, raw syscall.RawConn) error {
	return func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) {
			failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MARK, mark)
		})
		return errors.Join(err, failed)
	}
}
