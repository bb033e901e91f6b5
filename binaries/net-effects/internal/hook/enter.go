// Package hook puts this process into a pod's network namespace and makes packet filter tables
// there that vanish with it: the kernel removes a table that a netlink socket owns when that socket
// closes, so that not even SIGKILL leaves a rule behind.
package hook

import (
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// entered names the inode of the namespace in the process that Enter started in it.
const entered = "NET_EFFECTS_ENTERED"

// Enter puts this whole process into the network namespace of the process with that number. A
// thread alone may change its namespace, so the program executes itself anew from a thread that did:
// call it first, and expect that all before it is done twice. Refuses the namespace of the node, of
// process 1, and that of this process itself: the control path goes through them.
func Enter(pid int) error { return enter(pid, false) }

// EnterNode is Enter where the node's own namespace is meant: whoever calls it answers for the
// control path.
func EnterNode(pid int) error { return enter(pid, true) }

func enter(pid int, isNode bool) error {
	if pid <= 0 {
		return fmt.Errorf("pid: must be 1 or more, got %d", pid)
	}
	own, err := inodeOf("self")
	if err != nil {
		return err
	}
	if os.Getenv(entered) == strconv.FormatUint(own, 10) {
		return os.Unsetenv(entered)
	}
	runtime.LockOSThread()
	path := fmt.Sprintf("/proc/%d/ns/net", pid)
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("network namespace of process %d: %w", pid, err)
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return fmt.Errorf("network namespace of process %d: %w", pid, err)
	}
	if isNode && stat.Ino == own {
		return nil
	}
	for _, who := range []string{"self", "1"} {
		inode, err := inodeOf(who)
		// Outside a node's agent process 1 may be out of sight; then it is not the node's either.
		if err != nil && who == "self" {
			return err
		}
		if err == nil && inode == stat.Ino && !isNode {
			return fmt.Errorf("process %d: must have a network namespace of its own, got that of %s",
				pid, map[string]string{"self": "this agent", "1": "the node (hostNetwork)"}[who])
		}
	}
	if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter the network namespace of process %d: %w", pid, err)
	}
	environment := append(os.Environ(), entered+"="+strconv.FormatUint(stat.Ino, 10))
	return fmt.Errorf("execute itself: %w", unix.Exec("/proc/self/exe", os.Args, environment))
}

func inodeOf(who string) (uint64, error) {
	var stat unix.Stat_t
	if err := unix.Stat("/proc/"+who+"/ns/net", &stat); err != nil {
		return 0, fmt.Errorf("network namespace of process %s: %w", who, err)
	}
	return stat.Ino, nil
}
