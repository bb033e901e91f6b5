package room

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestLinksCannotLeadOutOfTheRoot(t *testing.T) {
	folder := t.TempDir()
	if err := os.Symlink("/proc/self/root", filepath.Join(folder, "magic")); err != nil {
		t.Fatal(err)
	}
	if _, err := folderIn(os.Getpid(), filepath.Join(folder, "magic")); err == nil {
		t.Fatal("a magic link must be refused, got none")
	}
	opened, err := folderIn(os.Getpid(), folder)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(opened)
}

func TestNothingIsWrittenWhereTheDeviceIsAnother(t *testing.T) {
	config := FillConfig{Pid: os.Getpid(), Path: t.TempDir(), Device: "9999:1", MostBytes: 1 << 20}
	if _, _, err := begin(config); err == nil {
		t.Fatal("another device must be refused, got none")
	}
}

func TestNoMoreIsTakenThanAllowed(t *testing.T) {
	folder := t.TempDir()
	var stat unix.Stat_t
	if err := unix.Stat(folder, &stat); err != nil {
		t.Fatal(err)
	}
	config := FillConfig{Pid: os.Getpid(), Path: folder, MostBytes: 1}
	config.Device = deviceOf(stat.Dev)
	if _, _, err := begin(config); err == nil {
		t.Fatal("more bytes than allowed must be refused, got none")
	}
}

func TestNamelessLeavesNoName(t *testing.T) {
	folder := t.TempDir()
	opened, err := folderIn(os.Getpid(), folder)
	if err != nil {
		t.Fatal(err)
	}
	file, err := nameless(opened, "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := take(file, 3*chunkBytes+5); err != nil {
		t.Fatal(err)
	}
	var stat unix.Stat_t
	if err := unix.Fstat(file, &stat); err != nil || stat.Size != 3*chunkBytes+5 {
		t.Fatalf("size must be as asked, got %d, %v", stat.Size, err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 0 {
		t.Fatalf("folder must be empty, got %v, %v", entries, err)
	}
}

func TestLimitOfAnEndedProcessIsNoError(t *testing.T) {
	limit, err := limitOf(Process{Pid: os.Getpid(), Start: "1"})
	if limit != nil || err != nil {
		t.Fatalf("another process must be left alone, got %v, %v", limit, err)
	}
}

func TestTightenedToWhatIsOpenAndRestored(t *testing.T) {
	program := exec.Command("sleep", "1000")
	if os.Getuid() == 0 {
		program.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65_532, Gid: 65_532}}
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = program.Process.Kill()
		_ = program.Wait()
	}()
	pid := program.Process.Pid
	one := Process{Pid: pid, Start: startOf(pid)}
	before, err := limitOf(one)
	if err != nil || before == nil {
		t.Fatalf("limit must be told, got %v, %v", before, err)
	}
	one.Soft = before.Cur
	if err := tighten(one); err != nil {
		t.Fatal(err)
	}
	if now, _ := limitOf(one); now == nil || now.Cur != 3 || now.Max != before.Max {
		t.Fatalf("limit must be 3 of %d, got %v", before.Max, now)
	}
	for range 2 {
		if err := restore([]Process{one}); err != nil {
			t.Fatal(err)
		}
		if now, _ := limitOf(one); now == nil || *now != *before {
			t.Fatalf("limit must be as before, %v, got %v", before, now)
		}
	}
}
