// Package room takes away what a container has left: files that its processes may open, bytes of a
// file system of its own; and tries, as one of its processes would, what is left. What it takes is
// given back at the end of its process.
package room

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// read puts the one argument into config.
func read(arguments []string, config any) error {
	if len(arguments) != 1 {
		return fmt.Errorf("must have one argument, JSON, got %d", len(arguments))
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(arguments[0])))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(config); err != nil {
		return fmt.Errorf("config: must be a JSON object of known fields: %w", err)
	}
	return nil
}

func say(what any) {
	text, _ := json.Marshal(what)
	fmt.Printf("%s\n", text)
}

// ends closes what it gives once it is time to end: asked to, or whoever holds stdin has gone.
func ends() <-chan struct{} {
	over := make(chan struct{}, 2)
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)
	signal.Ignore(syscall.SIGPIPE)
	go func() { <-asked; over <- struct{}{} }()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		over <- struct{}{}
	}()
	return over
}

// folderIn opens a folder as the process sees it: links in it cannot lead out of its root.
func folderIn(pid int, path string) (int, error) {
	root, err := unix.Open(fmt.Sprintf("/proc/%d/root", pid), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("root of process %d: %w", pid, err)
	}
	defer unix.Close(root)
	how := unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	}
	folder, err := unix.Openat2(root, path, &how)
	if err != nil {
		return -1, fmt.Errorf("folder %s: must be one of the container, got %w", path, err)
	}
	return folder, nil
}

// nameless makes a file in the folder that goes with this process.
func nameless(folder int, id string) (int, error) {
	file, err := unix.Openat(folder, ".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err == nil || err != unix.EOPNOTSUPP && err != unix.EISDIR && err != unix.EINVAL {
		return file, err
	}
	name := fmt.Sprintf(".ninety-%s-%d", id, os.Getpid())
	file, err = unix.Openat(folder, name, unix.O_CREAT|unix.O_EXCL|unix.O_RDWR|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return -1, err
	}
	return file, unix.Unlinkat(folder, name, 0)
}

// freeBytes of the file system, as those who are not its owner may use them.
func freeBytes(file int) (free, size int64, err error) {
	var stat unix.Statfs_t
	if err := unix.Fstatfs(file, &stat); err != nil {
		return 0, 0, err
	}
	unit := int64(stat.Frsize)
	if unit == 0 {
		unit = int64(stat.Bsize)
	}
	return int64(stat.Bavail) * unit, int64(stat.Blocks) * unit, nil
}
