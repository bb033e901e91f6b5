package hold

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	stopWithin = 2 * time.Second
	roundsMax  = 1_000
	look       = time.Millisecond
)

// tracer holds threads. All calls must come from one thread of this process: the kernel knows no
// other as theirs.
type tracer struct {
	// stopped by thread: false between the asking and the stop.
	stopped map[int]bool
}

// stop returns once no thread of the process makes a step; one that has ended is no error. A running
// thread may start others meanwhile: so it looks until there is no new one.
func (t *tracer) stop(pid int) error {
	until := time.Now().Add(stopWithin)
	for range roundsMax {
		fresh := 0
		for _, thread := range threadsOf(pid) {
			if _, known := t.stopped[thread]; known {
				continue
			}
			seized, err := t.seize(thread)
			if err != nil {
				return fmt.Errorf("process %d: %w", pid, err)
			}
			if seized {
				fresh++
			}
		}
		if fresh == 0 {
			return nil
		}
		for !t.allStopped() {
			t.reap()
			if time.Now().After(until) {
				return fmt.Errorf("process %d: all threads must stop within %v, got some that run", pid, stopWithin)
			}
			time.Sleep(look)
		}
	}
	return fmt.Errorf("process %d: threads must come to an end, got new ones %d times", pid, roundsMax)
}

func (t *tracer) seize(thread int) (bool, error) {
	for _, ask := range []func(int) error{unix.PtraceSeize, unix.PtraceInterrupt} {
		if err := ask(thread); errors.Is(err, unix.ESRCH) || err != nil && isEnding(thread) {
			return false, nil
		} else if err != nil {
			return false, fmt.Errorf("thread %d: ptrace: %w", thread, err)
		}
	}
	t.stopped[thread] = false
	return true, nil
}

func (t *tracer) allStopped() bool {
	for _, stopped := range t.stopped {
		if !stopped {
			return false
		}
	}
	return true
}

// reap hears of all that happened to threads: their parents hear of a death only after that.
func (t *tracer) reap() {
	for {
		var status unix.WaitStatus
		thread, err := unix.Wait4(-1, &status, unix.WNOHANG|unix.WALL, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || thread <= 0 {
			return
		}
		switch {
		case !status.Stopped():
			delete(t.stopped, thread)
		case int(status>>16) == unix.PTRACE_EVENT_STOP:
			t.stopped[thread] = true
		default:
			// A signal on its way goes on; the stop that was asked for comes next.
			_ = unix.PtraceCont(thread, int(status.StopSignal()))
		}
	}
}

// letGo lets all go on; what is not stopped yet goes on when this process ends.
func (t *tracer) letGo() {
	t.reap()
	for thread := range t.stopped {
		if unix.PtraceDetach(thread) == nil {
			delete(t.stopped, thread)
		}
	}
}

// isEnding: a thread on its way out can be asked for nothing any more.
func isEnding(thread int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", thread))
	return err != nil || strings.Contains(string(status), "State:\tZ") ||
		strings.Contains(string(status), "State:\tX")
}
