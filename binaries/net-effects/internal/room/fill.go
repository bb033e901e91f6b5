package room

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// FillConfig is which file system is filled, and how far.
type FillConfig struct {
	// ID names the effect.
	ID string `json:"id"`
	// Pid is a process that sees the folder.
	Pid int `json:"pid"`
	// Path of the folder, as that process sees it.
	Path string `json:"path"`
	// Device as mountinfo has it, major:minor: another one behind the path is refused.
	Device string `json:"device"`
	// LeaveBytes of it stay free, or so many as LeaveRatio of its size.
	LeaveBytes int64   `json:"leaveBytes"`
	LeaveRatio float64 `json:"leaveRatio"`
	// MostBytes is how much may be taken at most; more is refused before anything is written.
	MostBytes int64 `json:"mostBytes"`
}

const chunkBytes = 1 << 20

type filled struct {
	Did   string `json:"did"`
	Bytes int64  `json:"bytes"`
}

// Fill holds a file without a name in the folder: the kernel frees it with this process.
func Fill(arguments []string) error {
	var config FillConfig
	if err := read(arguments, &config); err != nil {
		return err
	}
	over := ends()
	file, bytes, err := begin(config)
	if err != nil {
		return err
	}
	if err := take(file, bytes); err != nil {
		return fmt.Errorf("folder %s: %w", config.Path, err)
	}
	say(filled{Did: "ready", Bytes: bytes})
	<-over
	return unix.Close(file)
}

// begin looks at everything that may be wrong, and writes nothing.
func begin(config FillConfig) (file int, bytes int64, err error) {
	folder, err := folderIn(config.Pid, config.Path)
	if err != nil {
		return -1, 0, err
	}
	defer unix.Close(folder)
	var stat unix.Stat_t
	if err := unix.Fstat(folder, &stat); err != nil {
		return -1, 0, err
	}
	if device := deviceOf(stat.Dev); device != config.Device {
		return -1, 0, fmt.Errorf("folder %s: must be on device %s, got %s", config.Path, config.Device, device)
	}
	free, size, err := freeBytes(folder)
	if err != nil {
		return -1, 0, err
	}
	bytes = free - max(config.LeaveBytes, int64(config.LeaveRatio*float64(size)))
	if bytes <= 0 {
		return -1, 0, fmt.Errorf("folder %s: must have more free than is to be left, got %d bytes", config.Path, free)
	}
	if bytes > config.MostBytes {
		return -1, 0, fmt.Errorf("folder %s: at most %d bytes may be taken, got %d", config.Path, config.MostBytes, bytes)
	}
	file, err = nameless(folder, "fill")
	if err != nil {
		return -1, 0, fmt.Errorf("file in %s: %w", config.Path, err)
	}
	return file, bytes, nil
}

// take makes the file so large, or as large as there is room: what the container took meanwhile is
// as full as what we take.
func take(file int, bytes int64) error {
	err := unix.Fallocate(file, 0, 0, bytes)
	if err == nil || err != unix.EOPNOTSUPP && err != unix.ENOSPC && err != unix.ENOSYS {
		return err
	}
	chunk := make([]byte, chunkBytes)
	for at := int64(0); at < bytes; {
		wrote, err := unix.Pwrite(file, chunk[:min(chunkBytes, bytes-at)], at)
		if err == unix.ENOSPC || err == nil && wrote == 0 {
			return nil
		}
		if err != nil && err != unix.EINTR {
			return err
		}
		at += int64(max(wrote, 0))
	}
	return nil
}

func deviceOf(dev uint64) string {
	return fmt.Sprintf("%d:%d", unix.Major(dev), unix.Minor(dev))
}
