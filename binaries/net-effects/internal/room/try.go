package room

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TryConfig is what to try as a process of the container would. Nothing of it stays.
type TryConfig struct {
	// Do is start (a process that ends at once), write (into a file without a name), read (the
	// container's own program, past all caches).
	Do string `json:"do"`
	// Pid is the container's first process.
	Pid int `json:"pid"`
	// Cgroup that counts, for start and read.
	Cgroup *Cgroup `json:"cgroup"`
	// Path of the folder, as the container sees it, for write.
	Path string `json:"path"`
	// Bytes to write or read, 4,096 to 67,108,864.
	Bytes int64 `json:"bytes"`
	// WithinMs a read is given up, 1 to 8,000.
	WithinMs float64 `json:"withinMs"`
}

// Cgroup of one controller.
type Cgroup struct {
	Version int    `json:"version"`
	Folder  string `json:"folder"`
}

// Tried is what became of it.
type Tried struct {
	// Why it was refused: the kernel's word, such as EAGAIN; "": it was done.
	Why    string  `json:"why"`
	Bytes  int64   `json:"bytes"`
	TookMs float64 `json:"tookMs"`
	// Of the file system, for write.
	SizeBytes int64 `json:"sizeBytes"`
	FreeBytes int64 `json:"freeBytes"`
}

const (
	block    = 4_096
	readSize = 16 * block
)

// Try does it once, and says what became of it.
func Try(arguments []string) error {
	var config TryConfig
	if err := read(arguments, &config); err != nil {
		return err
	}
	// What is entered, and as whom, is this thread's alone, and ends with this process.
	runtime.LockOSThread()
	var tried Tried
	var err error
	switch config.Do {
	case "start":
		tried, err = start(config)
	case "write":
		tried, err = write(config)
	case "read":
		tried, err = readProgram(config)
	default:
		err = fmt.Errorf("do: must be start, write or read, got %q", config.Do)
	}
	if err != nil {
		return err
	}
	say(tried)
	return nil
}

// enter puts this thread into a cgroup of version 1, which takes threads.
func (c Cgroup) enter() error {
	tid := []byte(strconv.Itoa(unix.Gettid()))
	if err := os.WriteFile(filepath.Join(c.Folder, "tasks"), tid, 0); err != nil {
		return fmt.Errorf("enter the container's cgroup: %w", err)
	}
	return nil
}

// cloneArgs of clone3, up to the cgroup.
type cloneArgs struct {
	flags, pidFd, childTid, parentTid, exitSignal, stack, stackSize, tls, setTid, setTidSize, cgroup uint64
}

// start asks the kernel for one more process in the container's cgroup.
func start(config TryConfig) (Tried, error) {
	if config.Cgroup == nil {
		return Tried{}, fmt.Errorf("cgroup: must be given to start a process in it, got none")
	}
	args := cloneArgs{exitSignal: uint64(unix.SIGCHLD)}
	if config.Cgroup.Version == 1 {
		if err := config.Cgroup.enter(); err != nil {
			return Tried{}, err
		}
	} else {
		folder, err := unix.Open(config.Cgroup.Folder, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return Tried{}, fmt.Errorf("cgroup of the container: %w", err)
		}
		args.flags, args.cgroup = unix.CLONE_INTO_CGROUP, uint64(folder)
	}
	pid, errno := cloneAndExit(&args)
	if errno != 0 {
		return Tried{Why: unix.ErrnoName(errno)}, nil
	}
	_, err := unix.Wait4(int(pid), nil, 0, nil)
	return Tried{}, err
}

// cloneAndExit starts a process that does nothing: no program, and no thread beside it.
//
//go:norace
func cloneAndExit(args *cloneArgs) (uintptr, syscall.Errno) {
	pid, _, errno := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(args)), unsafe.Sizeof(*args), 0)
	if errno == 0 && pid == 0 {
		for {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		}
	}
	return pid, errno
}

// write tries as the user that the container's first process is.
func write(config TryConfig) (Tried, error) {
	if config.Bytes < block || config.Bytes > 1<<26 {
		return Tried{}, fmt.Errorf("bytes: must be %d to %d, got %d", block, 1<<26, config.Bytes)
	}
	folder, err := folderIn(config.Pid, config.Path)
	if err != nil {
		return Tried{}, err
	}
	free, size, err := freeBytes(folder)
	if err != nil {
		return Tried{}, err
	}
	tried := Tried{SizeBytes: size, FreeBytes: free}
	if err := become(config.Pid); err != nil {
		return Tried{}, err
	}
	from := time.Now()
	file, err := nameless(folder, "try")
	for err == nil && tried.Bytes < config.Bytes {
		var wrote int
		wrote, err = unix.Pwrite(file, make([]byte, block), tried.Bytes)
		tried.Bytes += int64(max(wrote, 0))
	}
	tried.TookMs = float64(time.Since(from)) / float64(time.Millisecond)
	if errno, is := err.(syscall.Errno); is {
		tried.Why = unix.ErrnoName(errno)
		err = nil
	}
	return tried, err
}

// become takes the rights of that process to files, for this thread.
func become(pid int) error {
	ids, err := idsOf(pid)
	if err != nil {
		return err
	}
	if err := unix.Setgroups(ids.more); err != nil {
		return err
	}
	if err := unix.Setfsgid(ids.groups[3]); err != nil {
		return err
	}
	return unix.Setfsuid(ids.users[3])
}

// owner of a process: real, effective, saved, of files.
type owner struct{ users, groups, more []int }

func idsOf(pid int) (owner, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return owner{}, err
	}
	ids := map[string][]int{}
	for line := range strings.SplitSeq(string(text), "\n") {
		name, rest, _ := strings.Cut(line, ":")
		for _, word := range strings.Fields(rest) {
			if number, err := strconv.Atoi(word); err == nil {
				ids[name] = append(ids[name], number)
			}
		}
	}
	if len(ids["Uid"]) < 4 || len(ids["Gid"]) < 4 {
		return owner{}, fmt.Errorf("user of process %d: must be told by its status, got none", pid)
	}
	return owner{users: ids["Uid"], groups: ids["Gid"], more: ids["Groups"]}, nil
}

// readProgram reads the container's own program from the disk, charged to the container.
func readProgram(config TryConfig) (Tried, error) {
	if config.Bytes < block || config.Bytes > 1<<26 {
		return Tried{}, fmt.Errorf("bytes: must be %d to %d, got %d", block, 1<<26, config.Bytes)
	}
	if !(config.WithinMs >= 1 && config.WithinMs <= 8_000) {
		return Tried{}, fmt.Errorf("withinMs: must be 1 to 8000, got %v", config.WithinMs)
	}
	if config.Cgroup != nil && config.Cgroup.Version == 2 {
		return inside(config)
	}
	if config.Cgroup != nil {
		if err := config.Cgroup.enter(); err != nil {
			return Tried{}, err
		}
	}
	file, err := unix.Open(fmt.Sprintf("/proc/%d/exe", config.Pid), unix.O_RDONLY|unix.O_DIRECT|unix.O_CLOEXEC, 0)
	if err != nil {
		return Tried{}, fmt.Errorf("the container's own program: must be readable past caches, got %w", err)
	}
	buffer, err := unix.Mmap(-1, 0, readSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return Tried{}, err
	}
	tried := Tried{}
	from := time.Now()
	within := time.Duration(config.WithinMs * float64(time.Millisecond))
	for at := int64(0); tried.Bytes < config.Bytes && time.Since(from) < within; {
		got, err := unix.Pread(file, buffer, at)
		if err != nil || got == 0 && at == 0 {
			return Tried{}, fmt.Errorf("the container's own program: must have bytes to read, got %v", err)
		}
		tried.Bytes += int64(got)
		at += int64(got)
		// A small one is read again and again.
		if got < readSize {
			at = 0
		}
	}
	tried.TookMs = float64(time.Since(from)) / float64(time.Millisecond)
	return tried, nil
}

// inside does it by a process of its own in a cgroup of version 2, which takes no single threads.
func inside(config TryConfig) (Tried, error) {
	folder, err := os.Open(config.Cgroup.Folder)
	if err != nil {
		return Tried{}, fmt.Errorf("cgroup of the container: %w", err)
	}
	defer folder.Close()
	config.Cgroup = nil
	text, err := json.Marshal(config)
	if err != nil {
		return Tried{}, err
	}
	program := exec.Command("/proc/self/exe", "try", string(text))
	program.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(folder.Fd())}
	program.Stderr = os.Stderr
	told, err := program.Output()
	if err != nil {
		return Tried{}, fmt.Errorf("read in the container's cgroup: %w", err)
	}
	var tried Tried
	err = json.Unmarshal(told, &tried)
	return tried, err
}
