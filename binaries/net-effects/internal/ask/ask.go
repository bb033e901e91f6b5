// Package ask looks at a service from inside a pod: its network, its names, its addresses.
package ask

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"ninety/binaries/net-effects/internal/holding"
	"ninety/binaries/net-effects/internal/hook"
)

// Config is whom to ask, from where and how often.
type Config struct {
	// Pid is any process of the pod; 0: this process's own network and files.
	Pid int `json:"pid"`
	// Outside of the pod's network: names as the pod has them, by the network of this process.
	Outside bool `json:"outside"`
	// URL is http://host:port/path for GETs, tcp://host:port for connections alone, dns://host for
	// look-ups of a name alone.
	URL string `json:"url"`
	// Count of asks, 1 to 100,000, one after the other.
	Count int `json:"count"`
	// WithinMs is how long each may take, 1 to 60,000.
	WithinMs float64 `json:"withinMs"`
	// PauseMs is waited between two.
	PauseMs float64 `json:"pauseMs"`
	// Reuse keeps one connection for all GETs, and opens another one only where that one ended; else
	// each has its own.
	Reuse bool `json:"reuse"`
}

// Answer to one ask.
type Answer struct {
	// Answered: the connection was there, or the name known, and all of an answer came.
	Answered bool `json:"answered"`
	// Status of HTTP; 0 where none was spoken.
	Status int     `json:"status"`
	TookMs float64 `json:"tookMs"`
	// Why nobody answered.
	Why string `json:"why,omitempty"`
	// Ended is how it ended: complete, reset, short (closed in an answer or before it), none.
	Ended string `json:"ended"`
	// BodyBytes of an answer of HTTP that came.
	BodyBytes int64 `json:"bodyBytes"`
	// Address that was asked, or that the name has: the first of them.
	Address string `json:"address"`
}

const bodyMaxBytes = 1 << 20

// Run asks and prints each answer as a line.
func Run(arguments []string) error {
	var config Config
	if err := holding.Decode(arguments, &config); err != nil {
		return err
	}
	asker, err := askerOf(config)
	if err != nil {
		return err
	}
	if config.Pid != 0 {
		if err := enter(config.Pid, config.Outside); err != nil {
			return err
		}
	}
	out := json.NewEncoder(os.Stdout)
	for nth := range config.Count {
		if nth > 0 {
			time.Sleep(time.Duration(config.PauseMs * float64(time.Millisecond)))
		}
		if err := out.Encode(asker()); err != nil {
			return err
		}
	}
	return nil
}

// enter takes the pod's network, and its root folder too: names then mean what they mean to it, by
// its own resolv.conf and hosts.
func enter(pid int, outside bool) error {
	if !outside {
		if err := hook.Enter(pid); err != nil {
			return err
		}
	}
	if err := unix.Chroot(fmt.Sprintf("/proc/%d/root", pid)); err != nil {
		return fmt.Errorf("root folder of process %d: %w", pid, err)
	}
	return unix.Chdir("/")
}

func askerOf(config Config) (func() Answer, error) {
	target, err := url.Parse(config.URL)
	known := err == nil && (target.Scheme == "http" || target.Scheme == "tcp" || target.Scheme == "dns")
	if !known || target.Hostname() == "" {
		return nil, fmt.Errorf("url: must be http://host:port/path, tcp://host:port or dns://host, got %q", config.URL)
	}
	if config.Count < 1 || config.Count > 100_000 {
		return nil, fmt.Errorf("count: must be 1 to 100000, got %d", config.Count)
	}
	if !(config.WithinMs >= 1 && config.WithinMs <= 60_000) {
		return nil, fmt.Errorf("withinMs: must be 1 to 60000, got %v", config.WithinMs)
	}
	one := &asker{
		target: target,
		within: time.Duration(config.WithinMs * float64(time.Millisecond)),
		reuse:  config.Reuse,
	}
	return one.ask, nil
}
