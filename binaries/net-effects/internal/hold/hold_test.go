package hold

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The test's own program in other roles, by this variable.
const role = "HOLD_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "hold":
		if err := Run(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "steps":
		steps(os.Args[1])
	case "threads":
		go steps(os.Args[1])
		for {
			// A thread that ends with its goroutine: there is always another one.
			go func() { runtime.LockOSThread(); time.Sleep(time.Millisecond) }()
			time.Sleep(20 * time.Microsecond)
		}
	}
}

// steps counts in a file, from several threads, and each SIGUSR1 apart.
func steps(path string) {
	var count, asked atomic.Int64
	signals := make(chan os.Signal, 10)
	signal.Notify(signals, syscall.SIGUSR1)
	go func() {
		for range signals {
			asked.Add(1)
		}
	}()
	for range 4 {
		go func() {
			runtime.LockOSThread()
			for {
				count.Add(1)
				time.Sleep(time.Millisecond)
			}
		}()
	}
	for {
		text := fmt.Sprintf("%d %d", count.Load(), asked.Load())
		if os.WriteFile(path+".new", []byte(text), 0o644) == nil {
			_ = os.Rename(path+".new", path)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// victim is a process of that name which makes steps.
type victim struct {
	command *exec.Cmd
	path    string
}

func start(t *testing.T, as, name string) *victim {
	t.Helper()
	one := launch(t, as, name)
	eventually(t, "it makes steps", one.runs)
	return one
}

// launch does not wait for its first step.
func launch(t *testing.T, as, name string) *victim {
	t.Helper()
	path := filepath.Join(t.TempDir(), "steps")
	command := exec.Command(os.Args[0])
	command.Args = []string{"/somewhere/" + name, path}
	command.Env = append(os.Environ(), role+"="+as)
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Kill(); command.Wait() })
	return &victim{command: command, path: path}
}

func (v *victim) counts() (count, asked int) {
	text, _ := os.ReadFile(v.path)
	fmt.Sscanf(string(text), "%d %d", &count, &asked)
	return count, asked
}

// runs tells whether it makes a step within 50 ms.
func (v *victim) runs() bool {
	before, _ := v.counts()
	time.Sleep(50 * time.Millisecond)
	now, _ := v.counts()
	return now > before
}

func (v *victim) states() string {
	all := ""
	for _, thread := range threadsOf(v.command.Process.Pid) {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", thread))
		_, state, _ := strings.Cut(string(status), "State:\t")
		all += state[:min(1, len(state))]
	}
	return all
}

func (v *victim) mustBeHeld(t *testing.T) {
	t.Helper()
	if states := v.states(); states == "" || strings.Trim(states, "t") != "" {
		t.Errorf("all threads must be in a tracing stop, got %q", states)
	}
	if v.runs() {
		t.Error("it must make no step, got some")
	}
}

// holder runs this program as the holder.
type holder struct {
	command *exec.Cmd
	input   io.WriteCloser
	lines   *bufio.Scanner
}

func hold(t *testing.T, change func(*Config), names ...string) *holder {
	t.Helper()
	config := Config{ID: "run/f1.0", Programs: names, Beside: os.Getpid()}
	if change != nil {
		change(&config)
	}
	text, _ := json.Marshal(config)
	command := exec.Command(os.Args[0], string(text))
	command.Env = append(os.Environ(), role+"=hold")
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Kill(); command.Wait() })
	return &holder{command: command, input: input, lines: bufio.NewScanner(out)}
}

func (h *holder) says(t *testing.T, did string) map[string]any {
	t.Helper()
	if !h.lines.Scan() {
		t.Fatalf("must say %s, got the end", did)
	}
	var said map[string]any
	if err := json.Unmarshal(h.lines.Bytes(), &said); err != nil || said["did"] != did {
		t.Fatalf("must say %s, got %s", did, h.lines.Text())
	}
	return said
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for until := time.Now().Add(10 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("never: %s", what)
		}
	}
}

// name is of this test run alone.
func name(of string) string { return "held-" + strconv.Itoa(os.Getpid()) + "-" + of }

func TestHoldsAllThreadsUntilItIsAskedToEnd(t *testing.T) {
	one, other := start(t, "steps", name("a")), start(t, "steps", name("b"))
	holder := hold(t, nil, name("none"), name("a"))
	said := holder.says(t, "ready")
	if pids := fmt.Sprint(said["pids"]); pids != fmt.Sprintf("[%d]", one.command.Process.Pid) {
		t.Errorf("must say whom it holds, got %s", pids)
	}
	one.mustBeHeld(t)
	if !other.runs() {
		t.Error("a process of another name must go on")
	}
	holder.command.Process.Signal(syscall.SIGTERM)
	if said := holder.says(t, "ended"); said["why"] != "terminated" {
		t.Errorf("must say why, got %v", said)
	}
	eventually(t, "it goes on", one.runs)
	if states := one.states(); strings.ContainsAny(states, "tT") {
		t.Errorf("no thread may stay stopped, got %q", states)
	}
}

func TestLetsGoWhenItIsKilled(t *testing.T) {
	one := start(t, "steps", name("a"))
	holder := hold(t, nil, name("a"))
	holder.says(t, "ready")
	one.mustBeHeld(t)
	holder.command.Process.Kill()
	holder.command.Wait()
	eventually(t, "it goes on", one.runs)
	if states := one.states(); strings.ContainsAny(states, "tT") {
		t.Errorf("no thread may stay stopped, got %q", states)
	}
}

func TestLetsGoAtTheEndOfItsInput(t *testing.T) {
	one := start(t, "steps", name("a"))
	holder := hold(t, nil, name("a"))
	holder.says(t, "ready")
	holder.input.Close()
	holder.says(t, "ended")
	eventually(t, "it goes on", one.runs)
}

func TestHoldsWhoeverStartsThreadsAllTheTime(t *testing.T) {
	one := start(t, "threads", name("a"))
	for range 5 {
		holder := hold(t, nil, name("a"))
		holder.says(t, "ready")
		one.mustBeHeld(t)
		holder.command.Process.Kill()
		holder.command.Wait()
		eventually(t, "it goes on", one.runs)
	}
}

func TestHoldsWhoeverComesInItsPlace(t *testing.T) {
	first := start(t, "steps", name("a"))
	holder := hold(t, nil, name("a"))
	holder.says(t, "ready")
	died := time.Now()
	first.command.Process.Kill()
	// Its parent hears of it although it was held.
	first.command.Wait()
	if took := time.Since(died); took > 2*time.Second {
		t.Errorf("the end must be told within 2 s, got %v", took)
	}
	second := launch(t, "steps", name("a"))
	eventually(t, "the second is held", func() bool { return strings.Trim(second.states(), "t") == "" })
	second.mustBeHeld(t)
	holder.command.Process.Signal(syscall.SIGTERM)
	said := holder.says(t, "ended")
	if met := fmt.Sprint(said["met"]); met != fmt.Sprintf("[%d %d]", first.command.Process.Pid, second.command.Process.Pid) {
		t.Errorf("must have met both, got %s", met)
	}
	eventually(t, "the second goes on", second.runs)
}

func TestStopsLaterThanItSays(t *testing.T) {
	one := start(t, "steps", name("a"))
	holder := hold(t, func(c *Config) { c.AfterMs = 1_000 }, name("a"))
	holder.says(t, "ready")
	said := time.Now()
	if !one.runs() {
		t.Error("it must go on at first")
	}
	eventually(t, "it is stopped", func() bool { return strings.Trim(one.states(), "t") == "" })
	if after := time.Since(said); after < 800*time.Millisecond || after > 2*time.Second {
		t.Errorf("must be stopped after 1 s, got %v", after)
	}
	one.mustBeHeld(t)
}

func TestNeverStopsWhenItIsAskedToEndBefore(t *testing.T) {
	one := start(t, "steps", name("a"))
	holder := hold(t, func(c *Config) { c.AfterMs = 10_000 }, name("a"))
	holder.says(t, "ready")
	holder.command.Process.Signal(syscall.SIGTERM)
	holder.says(t, "ended")
	if !one.runs() {
		t.Error("it must go on")
	}
}

func TestSignalsComeAfterwards(t *testing.T) {
	one := start(t, "steps", name("a"))
	holder := hold(t, nil, name("a"))
	holder.says(t, "ready")
	one.command.Process.Signal(syscall.SIGUSR1)
	one.mustBeHeld(t)
	holder.command.Process.Kill()
	eventually(t, "it met the signal", func() bool { _, asked := one.counts(); return asked == 1 })
}

func TestWhatWasStoppedBeforeStaysSo(t *testing.T) {
	one := start(t, "steps", name("a"))
	one.command.Process.Signal(syscall.SIGSTOP)
	eventually(t, "it is stopped", func() bool { return strings.Trim(one.states(), "T") == "" })
	holder := hold(t, nil, name("a"))
	holder.says(t, "ready")
	holder.command.Process.Signal(syscall.SIGTERM)
	holder.says(t, "ended")
	eventually(t, "it is stopped as before", func() bool { return strings.Trim(one.states(), "T") == "" })
	one.command.Process.Signal(syscall.SIGCONT)
	eventually(t, "it goes on", one.runs)
}

func TestOfAnotherPidNamespaceIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "steps")
	command := exec.Command(os.Args[0])
	command.Args = []string{name("a"), path}
	command.Env = append(os.Environ(), role+"=steps")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID}
	if err := command.Start(); err != nil {
		t.Skipf("SKIPPED: no pid namespace: %v", err)
	}
	t.Cleanup(func() { command.Process.Kill(); command.Wait() })
	one := &victim{command: command, path: path}
	eventually(t, "it makes steps", one.runs)
	if out, err := hold(t, nil, name("a")).ends(); err == nil || out != "" {
		t.Errorf("must be refused, got %q", out)
	}
	if !one.runs() {
		t.Error("it must go on")
	}
	holder := hold(t, func(c *Config) { c.Beside = command.Process.Pid }, name("a"))
	holder.says(t, "ready")
	one.mustBeHeld(t)
}

func (h *holder) ends() (string, error) {
	h.lines.Scan()
	return h.lines.Text(), h.command.Wait()
}

func TestConfig(t *testing.T) {
	for text, rule := range map[string]string{
		`{"id":"f1","programs":["a"],"beside":1}`:                  "",
		`{"id":"","programs":["a"],"beside":1}`:                    "id: must be",
		`{"id":"f1","programs":[],"beside":1}`:                     "programs: must be at least one",
		`{"id":"f1","programs":["a/b"],"beside":1}`:                "programs: must be 1 to 64",
		`{"id":"f1","programs":["a"],"beside":0}`:                  "beside: must be 1 or more",
		`{"id":"f1","programs":["a"],"beside":1,"afterMs":-1}`:     "afterMs: must be 0 to",
		`{"id":"f1","programs":["a"],"beside":1,"afterMs":100000}`: "afterMs: must be 0 to",
		`{"id":"f1","pid":1}`:                                      "known fields",
	} {
		_, err := Read(text)
		if rule == "" && err != nil || rule != "" && (err == nil || !strings.Contains(err.Error(), rule)) {
			t.Errorf("%s: must be told %q, got %v", text, rule, err)
		}
	}
}
