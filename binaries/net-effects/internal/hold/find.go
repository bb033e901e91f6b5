package hold

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// place is where processes are looked for.
type place struct {
	programs []string
	// space is the pid namespace, kept open: no later one gets its number.
	space *os.File
	inode uint64
	// known by pid: a look costs no more than what is new since the looks before.
	known map[int]known
}

type known struct {
	since time.Time
	meant bool
}

// young processes may still become another program; who is none of those that are meant for so long
// stays so.
const young = 10 * time.Second

func open(config Config) (place, error) {
	path := fmt.Sprintf("/proc/%d/ns/pid", config.Beside)
	space, err := os.Open(path)
	if err != nil {
		return place{}, fmt.Errorf("pid namespace of process %d: %w", config.Beside, err)
	}
	inode, err := inodeOf(path)
	if err != nil {
		return place{}, fmt.Errorf("pid namespace of process %d: %w", config.Beside, err)
	}
	return place{programs: config.Programs, space: space, inode: inode, known: map[int]known{}}, nil
}

// pids are the processes that are meant now. One whose parent is meant too is on its way to become
// another program; and whoever holds is never held.
func (p place) pids() ([]int, error) {
	all, err := numbersIn("/proc")
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(p.known, func(pid int, _ known) bool { return !slices.Contains(all, pid) })
	now := time.Now()
	found := slices.DeleteFunc(all, func(pid int) bool {
		one, seen := p.known[pid]
		if !seen {
			one.since = now
		}
		if now.Sub(one.since) < young {
			one.meant = p.isMeant(pid)
			p.known[pid] = one
		}
		return !one.meant
	})
	heads := slices.DeleteFunc(slices.Clone(found), func(pid int) bool {
		return slices.Contains(found, parentOf(pid))
	})
	return heads, nil
}

func (p place) isMeant(pid int) bool {
	if pid == os.Getpid() || pid == os.Getppid() || !slices.Contains(p.programs, programOf(pid)) {
		return false
	}
	inode, err := inodeOf(fmt.Sprintf("/proc/%d/ns/pid", pid))
	return err == nil && inode == p.inode
}

// programOf is the last part of a process's argv[0]: a program of many names is known by that alone.
func programOf(pid int) string {
	argv, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return ""
	}
	first, _, _ := bytes.Cut(argv, []byte{0})
	return filepath.Base(string(first))
}

func parentOf(pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if text, is := strings.CutPrefix(line, "PPid:"); is {
			parent, _ := strconv.Atoi(strings.TrimSpace(text))
			return parent
		}
	}
	return 0
}

func threadsOf(pid int) []int {
	threads, err := numbersIn(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil
	}
	return threads
}

func numbersIn(folder string) ([]int, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	numbers := make([]int, 0, len(entries))
	for _, entry := range entries {
		if number, err := strconv.Atoi(entry.Name()); err == nil {
			numbers = append(numbers, number)
		}
	}
	return numbers, nil
}

func inodeOf(path string) (uint64, error) {
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil {
		return 0, err
	}
	return stat.Ino, nil
}
