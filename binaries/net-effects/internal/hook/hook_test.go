package hook

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The test's own program in other roles, by this variable.
const role = "HOOK_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "wait":
		fmt.Println("there")
		select {}
	case "block":
		table, err := blocking(os.Args[1])
		fmt.Println(err)
		select {
		case <-time.After(time.Minute):
			table.Close()
		}
	case "enter":
		pid, err := strconv.Atoi(os.Args[1])
		if err != nil {
			pid = os.Getpid()
		}
		err = Enter(pid)
		inode, _ := inodeOf("self")
		fmt.Println(inode, err)
	}
}

// ownNamespace moves the test's thread into a network namespace of its own, which ends with it.
func ownNamespace(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: network namespaces need root")
	}
	runtime.LockOSThread() // never unlocked: the thread ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("SKIPPED: no network namespace: %v", err)
	}
	lo, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(lo)
	request, _ := unix.NewIfreq("lo")
	request.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(lo, unix.SIOCSIFFLAGS, request); err != nil {
		t.Fatal(err)
	}
}

// other runs this program in another role, in the namespace of the test's thread.
func other(t *testing.T, as string, args ...string) (*exec.Cmd, string) {
	t.Helper()
	command := exec.Command(os.Args[0], args...)
	command.Env = append(os.Environ(), role+"="+as)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Kill(); command.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return command, strings.TrimSpace(line)
}

// blocking drops what goes to that port by any address of this namespace.
func blocking(port string) (*Table, error) {
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	table, err := Open("hook-test")
	if err != nil {
		return nil, err
	}
	table.Chain("in", Filter, Input, PriorityMangle)
	table.Rule("in", NeighbourDiscovery(), Accept())
	table.Rule("in", Mark(7), Accept())
	local := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}
	for _, to := range Addresses(Destination, local) {
		table.Rule("in", to, Ports(Destination, []uint16{1, uint16(number)}), Drop())
	}
	return table, table.Commit()
}

func listen(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

func reaches(port string) error {
	connection, err := net.DialTimeout("tcp4", "127.0.0.1:"+port, 200*time.Millisecond)
	if err == nil {
		connection.Close()
	}
	return err
}

func TestTableIsGoneWithItsSocket(t *testing.T) {
	ownNamespace(t)
	port, free := listen(t), listen(t)
	table, err := blocking(port)
	if err != nil {
		t.Fatal(err)
	}
	if err := reaches(port); err == nil {
		t.Error("the blocked port must not be reached")
	}
	if err := reaches(free); err != nil {
		t.Errorf("another port must be reached: %v", err)
	}
	second, err := blocking(port)
	if err == nil {
		t.Error("the same name must be refused while it is there")
	}
	second.Close()
	table.Close()
	if err := reaches(port); err != nil {
		t.Errorf("after the end all must be reached: %v", err)
	}
}

func TestTableIsGoneAfterSigkill(t *testing.T) {
	ownNamespace(t)
	port := listen(t)
	holder, said := other(t, "block", port)
	if said != "<nil>" {
		t.Fatal(said)
	}
	if err := reaches(port); err == nil {
		t.Fatal("the blocked port must not be reached")
	}
	holder.Process.Kill()
	holder.Wait()
	if err := reaches(port); err != nil {
		t.Errorf("after SIGKILL all must be reached: %v", err)
	}
}

func TestRedirect(t *testing.T) {
	ownNamespace(t)
	port := listen(t)
	number, _ := strconv.Atoi(port)
	table, err := Open("hook-test")
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	table.Chain("out", Nat, Output, PriorityDestinationNat)
	table.Rule("out", Protocol(unix.IPPROTO_TCP), Ports(Destination, []uint16{9}), Redirect(uint16(number)))
	if err := table.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := reaches("9"); err != nil {
		t.Errorf("port 9 must lead to port %s: %v", port, err)
	}
}

func TestEnter(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: network namespaces need root")
	}
	done := make(chan string)
	go func() {
		ownNamespace(t)
		inside, _ := other(t, "wait")
		done <- strconv.Itoa(inside.Process.Pid)
		<-done
	}()
	pid := <-done
	defer close(done)
	inode, err := inodeOf(pid)
	if err != nil {
		t.Fatal(err)
	}
	if _, said := other(t, "enter", pid); said != fmt.Sprintf("%d <nil>", inode) {
		t.Errorf("must be in namespace %d, got %s", inode, said)
	}
	for _, wrong := range []string{"own", "0", "4194305"} {
		_, said := other(t, "enter", wrong)
		if strings.HasSuffix(said, "<nil>") {
			t.Errorf("process %s must be refused, got %s", wrong, said)
		}
	}
}
