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

// counters are said at the end. Null where the kernel drops by itself.
type counters struct {
	Did    string `json:"did"`
	Why    string `json:"why"`
	Passed *int64 `json:"passed"`
	Lost   *int64 `json:"lost"`
	// Missed packets passed at once: this process did not keep up.
	Missed *int64 `json:"missed"`
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
	if err := hook.Enter(config.Pid); err != nil {
		return err
	}
	runtime.LockOSThread()
	end, err := ends()
	if err != nil {
		return err
	}
	if config.LossRatio == 1 {
		return drop(config, end)
	}
	return delay(config, end)
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
	for on := []unix.PollFd{{Fd: int32(end), Events: unix.POLLIN}}; on[0].Revents == 0; {
		wait(on, -1)
	}
	table.Close()
	say(counters{Did: "ended", Why: whyEnded(end)})
	return nil
}

func delay(config Config, end int) error {
	// A lost packet is one of the wire: those that the device would cut later are cut before.
	queue, err := bind(config.LossRatio == 0)
	if err != nil {
		return err
	}
	table, by, err := install(config, queue.number)
	if err != nil {
		return err
	}
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(memoryMaxBytes)
	realTime := becomeRealTime()
	say(ready{Did: "ready", By: by, Queue: queue.number, RealTime: realTime})
	keeper := &keeper{
		socket: queue,
		loss:   config.LossRatio,
		random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
	}
	keeper.wander = newWander(config.DelayMs, config.JitterMs, keeper.random)
	keeper.serve(end)
	// First no new ones, then those that wait: what is still queued at the end would be lost.
	table.Close()
	keeper.receive(now())
	keeper.release(1<<63 - 1)
	say(counters{
		Did: "ended", Why: whyEnded(end),
		Passed: &keeper.passed, Lost: &keeper.lost, Missed: &keeper.missed,
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

// keeper holds packets until they are due.
type keeper struct {
	socket   *socket
	schedule schedule
	wander   *wander
	random   *rand.Rand
	loss     float64
	buffer   [1 << 16]byte
	lastID   uint32

	passed, lost, missed int64
}

func (k *keeper) serve(end int) {
	on := []unix.PollFd{
		{Fd: int32(k.socket.fd), Events: unix.POLLIN},
		{Fd: int32(end), Events: unix.POLLIN},
	}
	for {
		atMostNs := int64(-1)
		if len(k.schedule.heap) > 0 {
			atMostNs = max(k.schedule.heap[0].dueNs-now(), 0)
		}
		wait(on, atMostNs)
		k.receive(now())
		k.release(now() + earlyNs)
		if on[1].Revents != 0 {
			return
		}
	}
}

func (k *keeper) receive(atNs int64) {
	for reads := 0; reads < readsInARow; reads++ {
		n, err := unix.Read(k.socket.fd, k.buffer[:])
		if err != nil || n <= 0 {
			return
		}
		receive(k.buffer[:n], func(id uint32) { k.take(id, atNs) })
	}
}

func (k *keeper) take(id uint32, atNs int64) {
	if id > k.lastID {
		k.missed += int64(id - k.lastID - 1)
		k.lastID = id
	}
	if k.loss > 0 && k.random.Float64() < k.loss {
		k.lost++
		k.socket.decide(id, verdictDrop)
		return
	}
	k.schedule.push(id, atNs+k.wander.at(atNs))
}

func (k *keeper) release(untilNs int64) {
	for len(k.schedule.heap) > 0 && k.schedule.heap[0].dueNs <= untilNs {
		k.passed++
		k.socket.decide(k.schedule.pop().id, verdictAccept)
	}
	k.socket.flush()
}
