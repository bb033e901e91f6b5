package hold

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// lookEvery is how soon a process is met that was started in the place of another.
const lookEvery = 200 * time.Millisecond

// ready is said once all are stopped, or, with AfterMs, once that was seen to be possible.
type ready struct {
	Did  string `json:"did"`
	Pids []int  `json:"pids"`
}

// ended is said last, when all may go on.
type ended struct {
	Did string `json:"did"`
	Why string `json:"why"`
	// Met are all processes that were held for some time.
	Met []int `json:"met"`
}

// Run holds the effect until SIGTERM, SIGINT or the end of its standard input.
func Run(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("must have one argument, JSON, got %d", len(arguments))
	}
	config, err := Read(arguments[0])
	if err != nil {
		return err
	}
	where, err := open(config)
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	why := ends()
	held := &held{place: where, tracer: tracer{stopped: map[int]bool{}}}
	if err := held.stopAll(); err != nil {
		return err
	}
	if len(held.met) == 0 {
		return fmt.Errorf("programs: one of %s must run beside process %d, got none",
			strings.Join(config.Programs, ", "), config.Beside)
	}
	if config.AfterMs > 0 {
		held.tracer.letGo()
	}
	say(ready{Did: "ready", Pids: held.met})
	select {
	case said := <-why:
		held.end(said)
		return nil
	case <-time.After(config.after()):
	}
	held.end(held.keep(why))
	return nil
}

// held is all that this process keeps from going on.
type held struct {
	place  place
	tracer tracer
	met    []int
}

func (h *held) stopAll() error {
	pids, err := h.place.pids()
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if err := h.tracer.stop(pid); err != nil {
			return err
		}
		if !slices.Contains(h.met, pid) {
			h.met = append(h.met, pid)
		}
	}
	return nil
}

// keep holds whoever is there, until it is time to end.
func (h *held) keep(why <-chan string) string {
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	told := ""
	for {
		h.tracer.reap()
		if err := h.stopAll(); err != nil && err.Error() != told {
			told = err.Error()
			fmt.Fprintf(os.Stderr, "net-effects hold: %v\n", err)
		}
		select {
		case said := <-why:
			return said
		case <-ticks.C:
		}
	}
}

func (h *held) end(why string) {
	h.tracer.letGo()
	say(ended{Did: "ended", Why: why, Met: h.met})
}

// ends gives why it is time to end, once it is.
func ends() <-chan string {
	why := make(chan string, 2)
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)
	// Nobody may be there to hear the last words.
	signal.Ignore(syscall.SIGPIPE)
	go func() { why <- (<-asked).String() }()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		why <- "end of input"
	}()
	return why
}

func say(what any) {
	text, _ := json.Marshal(what)
	fmt.Printf("%s\n", text)
}
