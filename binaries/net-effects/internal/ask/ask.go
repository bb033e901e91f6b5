// Package ask looks at a service from inside a pod: its network, its names, its addresses.
package ask

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"ninety/binaries/net-effects/internal/hook"
)

// Config is whom to ask, from where and how often.
type Config struct {
	// Pid is any process of the pod; 0: this process's own network and files.
	Pid int `json:"pid"`
	// Outside of the pod's network: names as the pod has them, by the network of this process.
	Outside bool `json:"outside"`
	// URL is http://host:port/path for GETs, tcp://host:port for connections alone.
	URL string `json:"url"`
	// Count of asks, 1 to 100,000, one after the other.
	Count int `json:"count"`
	// WithinMs is how long each may take, 1 to 60,000.
	WithinMs float64 `json:"withinMs"`
	// PauseMs is waited between two.
	PauseMs float64 `json:"pauseMs"`
	// Reuse keeps one connection for all GETs; else each has its own.
	Reuse bool `json:"reuse"`
}

// Answer to one ask.
type Answer struct {
	Answered bool `json:"answered"`
	// Status of HTTP; 0 where none was spoken.
	Status int     `json:"status"`
	TookMs float64 `json:"tookMs"`
	// Why nobody answered.
	Why string `json:"why,omitempty"`
}

const bodyMaxBytes = 1 << 20

// Run asks and prints each answer as a line.
func Run(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("must have one argument, JSON, got %d", len(arguments))
	}
	var config Config
	decoder := json.NewDecoder(bytes.NewReader([]byte(arguments[0])))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		return fmt.Errorf("config: must be a JSON object of known fields: %w", err)
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
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "tcp" {
		return nil, fmt.Errorf("url: must be http://host:port/path or tcp://host:port, got %q", config.URL)
	}
	if config.Count < 1 || config.Count > 100_000 {
		return nil, fmt.Errorf("count: must be 1 to 100000, got %d", config.Count)
	}
	if !(config.WithinMs >= 1 && config.WithinMs <= 60_000) {
		return nil, fmt.Errorf("withinMs: must be 1 to 60000, got %v", config.WithinMs)
	}
	within := time.Duration(config.WithinMs * float64(time.Millisecond))
	if target.Scheme == "tcp" {
		return timed(within, func(context context.Context) (int, error) { return connect(context, target.Host) }), nil
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: !config.Reuse, MaxIdleConnsPerHost: 1},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return timed(within, func(context context.Context) (int, error) { return get(context, client, config.URL) }), nil
}

func timed(within time.Duration, ask func(context.Context) (int, error)) func() Answer {
	return func() Answer {
		limited, done := context.WithTimeout(context.Background(), within)
		defer done()
		from := time.Now()
		status, err := ask(limited)
		answer := Answer{
			Answered: err == nil,
			Status:   status,
			TookMs:   float64(time.Since(from)) / float64(time.Millisecond),
		}
		if err != nil {
			answer.Why = err.Error()
		}
		return answer
	}
}

func connect(context context.Context, address string) (int, error) {
	var dialer net.Dialer
	connection, err := dialer.DialContext(context, "tcp", address)
	if err != nil {
		return 0, err
	}
	// A reset leaves no port behind that waits.
	_ = connection.(*net.TCPConn).SetLinger(0)
	return 0, connection.Close()
}

func get(context context.Context, client *http.Client, address string) (int, error) {
	request, err := http.NewRequestWithContext(context, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, bodyMaxBytes)); err != nil {
		return 0, err
	}
	return response.StatusCode, nil
}
