package queue

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"ninety/binaries/net-effects/internal/hook"
)

const (
	priority       = 10
	readsInARow    = 64
	earlyNs        = 20_000
	memoryMaxBytes = 128 << 20
)

// ready is said once the rules are in place.
type ready struct {
	Did string `json:"did"`
	// By is how packets are met.
	By string `json:"by"`
	// Queue is its number; 0: none is needed.
	Queue uint16 `json:"queue"`
	// RealTime tells whether the verdicts are given with real-time priority.
	RealTime bool `json:"realTime"`
}

// Run holds the effect until SIGTERM, SIGINT or the end of its standard input.
func Run(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("must have one argument, JSON or @file, got %d", len(arguments))
	}
	config, err := Read(arguments[0])
	if err != nil {
		return err
	}
	enter := hook.Enter
	if config.Node {
		enter = hook.EnterNode
	}
	if err := enter(config.Pid); err != nil {
		return err
	}
	runtime.LockOSThread()
	end, err := ends()
	if err != nil {
		return err
	}
	if config.onlyLoses() {
		return drop(config, end)
	}
	return shape(config, end)
}

// ends gives what becomes readable when it is time to end; what it holds is why.
func ends() (int, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return -1, err
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)
	// Nobody may be there to hear the last words.
	signal.Ignore(syscall.SIGPIPE)
	go func() {
		fmt.Fprint(write, (<-asked).String())
	}()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		fmt.Fprint(write, "end of input")
	}()
	return int(read.Fd()), nil
}

func whyEnded(end int) string {
	text := make([]byte, 64)
	n, _ := unix.Read(end, text)
	return string(text[:max(n, 0)])
}

func say(what any) {
	text, _ := json.Marshal(what)
	fmt.Printf("%s\n", text)
}

func drop(config Config, end int) error {
	table, by, err := install(config, 0)
	if err != nil {
		return err
	}
	say(ready{Did: "ready", By: by})
	on := []unix.PollFd{{Fd: int32(end), Events: unix.POLLIN}}
	if config.SparedPortsMs > 0 {
		wait(on, int64(config.SparedPortsMs*1e6))
	}
	if config.SparedPortsMs > 0 && on[0].Revents == 0 {
		// One more table, and the first stays: nothing passes in between.
		all := config
		all.ID, all.SparedPorts = config.ID+"/all", nil
		second, _, err := install(all, 0)
		if err != nil {
			return err
		}
		defer second.Close()
	}
	for on[0].Revents == 0 {
		wait(on, -1)
	}
	table.Close()
	say(counters{Did: "ended", Why: whyEnded(end)})
	return nil
}

func shape(config Config, end int) error {
	queue, err := bind(config)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	keeper := newKeeper(config, queue, random)
	if config.DuplicateRatio > 0 {
		if keeper.again, err = openAgain(); err != nil {
			return err
		}
	}
	table, by, err := install(config, queue.number)
	if err != nil {
		return err
	}
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(memoryMaxBytes)
	realTime := becomeRealTime()
	say(ready{Did: "ready", By: by, Queue: queue.number, RealTime: realTime})
	keeper.serve(end)
	// First no new ones, then those that wait: what is still queued at the end would be lost.
	table.Close()
	keeper.receive(now())
	keeper.release(1<<63 - 1)
	say(counters{
		Did: "ended", Why: whyEnded(end),
		Passed: &keeper.passed, Lost: &keeper.lost, Missed: &keeper.missed,
		changes: &keeper.changes,
	})
	return nil
}

// becomeRealTime keeps verdicts punctual on a busy node: timers without slack, and before all
// ordinary threads where that is allowed.
func becomeRealTime() bool {
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	attributes := unix.SchedAttr{Policy: unix.SCHED_FIFO, Priority: priority}
	attributes.Size = uint32(unsafe.Sizeof(attributes))
	if unix.SchedSetAttr(0, &attributes, 0) == nil {
		return true
	}
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, -20)
	return false
}

func now() int64 {
	var at unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &at)
	return at.Nano()
}

func wait(on []unix.PollFd, atMostNs int64) {
	var limit *unix.Timespec
	if atMostNs >= 0 {
		at := unix.NsecToTimespec(atMostNs)
		limit = &at
	}
	_, _ = unix.Ppoll(on, limit, nil)
}
