package room

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Process is one of the container's, and how many files it might open before.
type Process struct {
	Pid int `json:"pid"`
	// Start in clock ticks since boot: tells it from a later process with its number.
	Start string `json:"start"`
	// Soft limit of its own.
	Soft uint64 `json:"soft"`
}

// FilesConfig is whose files are limited.
type FilesConfig struct {
	// ID names the effect.
	ID string `json:"id"`
	// Processes that are limited; none of them is in Heirs.
	Processes []Process `json:"processes"`
	// Restore ends what an earlier process began, and holds nothing.
	Restore bool `json:"restore"`
	// Heirs, for Restore: processes begun since, which may have inherited a limit, with what their
	// parents had before.
	Heirs []Process `json:"heirs"`
}

// tightenEvery is how soon what was closed is taken too: files that leak are not given back.
const tightenEvery = 100 * time.Millisecond

// Files keeps each process at the files that it has open, until its end.
func Files(arguments []string) (err error) {
	var config FilesConfig
	if err := read(arguments, &config); err != nil {
		return err
	}
	if config.Restore {
		return restore(slices.Concat(config.Processes, config.Heirs))
	}
	over := ends()
	defer func() {
		if failed := restore(config.Processes); err == nil {
			err = failed
		}
	}()
	for _, one := range config.Processes {
		if err := tighten(one); err != nil {
			return err
		}
	}
	say(struct {
		Did string `json:"did"`
	}{"ready"})
	ticks := time.NewTicker(tightenEvery)
	defer ticks.Stop()
	for {
		select {
		case <-over:
			return nil
		case <-ticks.C:
			for _, one := range config.Processes {
				_ = tighten(one)
			}
		}
	}
}

// tighten lowers the soft limit to the lowest number that no open file has.
func tighten(one Process) error {
	limit, err := limitOf(one)
	if limit == nil {
		return err
	}
	spare, err := lowestFree(one.Pid)
	if err != nil || spare >= limit.Cur {
		return err
	}
	return setSoft(one, *limit, spare)
}

// restore raises what is lower than it was; what somebody has raised since is theirs.
func restore(processes []Process) error {
	var failed error
	for _, one := range processes {
		limit, err := limitOf(one)
		if limit != nil && limit.Cur < one.Soft {
			err = setSoft(one, *limit, min(one.Soft, limit.Max))
		}
		if err != nil {
			failed = err
		}
	}
	return failed
}

// limitOf is nil where that very process has ended.
func limitOf(one Process) (*unix.Rlimit, error) {
	if startOf(one.Pid) != one.Start {
		return nil, nil
	}
	var limit unix.Rlimit
	err := prlimit(one.Pid, nil, &limit)
	if err == unix.ESRCH {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open files of process %d: %w", one.Pid, err)
	}
	return &limit, nil
}

func setSoft(one Process, limit unix.Rlimit, soft uint64) error {
	limit.Cur = soft
	err := prlimit(one.Pid, &limit, nil)
	if err == nil || err == unix.ESRCH {
		return nil
	}
	return fmt.Errorf("open files of process %d: %w", one.Pid, err)
}

// prlimit as whoever the process belongs to, where it takes that: CAP_SYS_RESOURCE may be missing
// even where all seems allowed.
func prlimit(pid int, set, get *unix.Rlimit) error {
	err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, set, get)
	if err != unix.EPERM {
		return err
	}
	done := make(chan error)
	go func() {
		// The thread goes with this function, and who it is with it.
		runtime.LockOSThread()
		done <- asOwner(pid, func() error { return unix.Prlimit(pid, unix.RLIMIT_NOFILE, set, get) })
	}()
	return <-done
}

// asOwner gives this thread the real user and group of the process; what it may do it keeps.
func asOwner(pid int, do func() error) error {
	ids, err := idsOf(pid)
	if err != nil {
		return err
	}
	const same = ^uintptr(0)
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESGID, uintptr(ids.groups[0]), same, same); errno != 0 {
		return errno
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(ids.users[0]), same, same); errno != 0 {
		return errno
	}
	return do()
}

func lowestFree(pid int) (uint64, error) {
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(folder)
	if os.IsNotExist(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	open := map[uint64]bool{}
	for _, entry := range entries {
		if number, err := strconv.ParseUint(entry.Name(), 10, 64); err == nil {
			open[number] = true
		}
	}
	free := uint64(0)
	for open[free] {
		free++
	}
	return free, nil
}

// startOf is "" where there is no such process.
func startOf(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 {
		return ""
	}
	return fields[19]
}
