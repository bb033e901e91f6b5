// Package nettest gives tests network namespaces of their own, with a cable between two.
package nettest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Addresses of the two ends.
const (
	Pod, Peer           = "10.9.0.1", "10.9.0.2"
	PodSixth, PeerSixth = "fd00:9::1", "fd00:9::2"
)

const role = "NETTEST_ROLE"

// Main runs the tests, or this program in another role; each is told its arguments and ends with
// its input.
func Main(m *testing.M, roles map[string]func(arguments []string) error) {
	as := os.Getenv(role)
	if as == "" {
		os.Exit(m.Run())
	}
	if err := roles[as](os.Args[1:]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// Wait says that the role is there, and waits for its end.
func Wait() error {
	fmt.Println("there")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// Running is this program in another role.
type Running struct {
	Pid   int
	Input io.Closer
	t     *testing.T
	lines *bufio.Reader
	done  func() error
	kill  func() error
}

// Start runs this program in another role until the test ends, and returns after its first line.
func Start(t *testing.T, as string, apart bool, arguments ...string) *Running {
	t.Helper()
	command := exec.Command(os.Args[0], arguments...)
	command.Env = append(os.Environ(), role+"="+as)
	command.Stderr = os.Stderr
	if apart {
		command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	}
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Skipf("SKIPPED: no network namespace: %v", err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	running := &Running{
		Pid: command.Process.Pid, Input: input, t: t,
		lines: bufio.NewReader(out), done: command.Wait, kill: command.Process.Kill,
	}
	line, err := running.lines.ReadString('\n')
	if err != nil || !strings.Contains(line, "ready") && line != "there\n" {
		t.Fatalf("%s: must be there, got %q %v", as, line, err)
	}
	return running
}

// End ends it by its input, and reads its last line.
func (r *Running) End(into any) {
	r.t.Helper()
	r.Input.Close()
	r.Last(into)
}

// Last waits for its last line and its end.
func (r *Running) Last(into any) {
	r.t.Helper()
	line, err := r.lines.ReadString('\n')
	if err == nil {
		err = json.Unmarshal([]byte(line), into)
	}
	if err == nil {
		err = r.done()
	}
	if err != nil {
		r.t.Fatalf("must end well, got %q %v", line, err)
	}
}

// Kill ends it by SIGKILL.
func (r *Running) Kill() {
	_ = r.kill()
	_ = r.done()
}

// Cable joins the namespaces of two processes.
func Cable(t *testing.T, pod, peer int) {
	t.Helper()
	ip := func(pid int, words string) {
		t.Helper()
		run(t, pid, append([]string{"ip"}, strings.Fields(words)...)...)
	}
	ip(pod, fmt.Sprintf("link add e0 type veth peer name e0 netns %d", peer))
	for at, pid := range []int{pod, peer} {
		ip(pid, fmt.Sprintf("addr add 10.9.0.%d/24 dev e0", at+1))
		ip(pid, fmt.Sprintf("addr add fd00:9::%d/64 dev e0 nodad", at+1))
		ip(pid, "link set lo up")
		ip(pid, "link set e0 up")
	}
}

// NeedsNamespaces skips a test where they cannot be had.
func NeedsNamespaces(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: network namespaces need root")
	}
	for _, tool := range []string{"ip", "nft", "nsenter"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: needs %s", tool)
		}
	}
}

func run(t *testing.T, pid int, words ...string) string {
	t.Helper()
	argv := append([]string{"--net=/proc/" + strconv.Itoa(pid) + "/ns/net"}, words...)
	out, err := exec.Command("nsenter", argv...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v: %s", words, err, out)
	}
	return string(out)
}

// Tables of the packet filter in the namespace of a process.
func Tables(t *testing.T, pid int) string {
	t.Helper()
	return run(t, pid, "nft", "list", "tables")
}

// Clean waits until no table is left in the namespace.
func Clean(t *testing.T, pid int) {
	t.Helper()
	for until := time.Now().Add(2 * time.Second); Tables(t, pid) != ""; {
		if time.Now().After(until) {
			t.Fatal("no table must be left")
		}
		runtime.Gosched()
	}
}

// Dial opens a connection from inside the namespace of a process.
func Dial(pid int, network, address string) (net.Conn, error) {
	type result struct {
		connection net.Conn
		err        error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends here
		fd, err := unix.Open(fmt.Sprintf("/proc/%d/ns/net", pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Setns(fd, unix.CLONE_NEWNET)
			unix.Close(fd)
		}
		if err != nil {
			done <- result{nil, err}
			return
		}
		limited, end := context.WithTimeout(context.Background(), 5*time.Second)
		defer end()
		var dialer net.Dialer
		connection, err := dialer.DialContext(limited, network, address)
		done <- result{connection, err}
	}()
	got := <-done
	return got.connection, got.err
}
