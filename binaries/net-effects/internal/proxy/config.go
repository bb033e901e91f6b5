// Package proxy makes a dependency of a pod fail as the pod sees it: a service that it calls hangs,
// refuses, errs, is slow, or breaks its answers off, while everybody else is served. Nothing in the
// pod is changed but rules in its network namespace, which vanish with this process.
package proxy

import (
	"fmt"
	"regexp"

	"ninety/binaries/net-effects/internal/holding"
)

// Config is which connections are met, and what happens to them.
type Config struct {
	// ID names the effect; it is part of the table's name.
	ID string `json:"id"`
	// Pid is any process of the pod that calls.
	Pid int `json:"pid"`
	// Host is a name as the pod would look it up, or an address.
	Host string `json:"host"`
	// Port of that host, TCP.
	Port uint16 `json:"port"`
	Does Does   `json:"does"`
}

// Does is what happens to a connection, or to answers of HTTP/1 on it.
type Does struct {
	// Kind is "hang", "refuse", "error", "slow", "reset" or "truncate".
	Kind string `json:"kind"`
	// Status of the answers, 400 to 599; of "error" only.
	Status int `json:"status"`
	// DelayMs before the first byte of an answer, 1 to 60,000; of "slow" only.
	DelayMs float64 `json:"delayMs"`
	// AfterBytes of a body the connection is reset, at its last byte at the latest; of "reset" only.
	AfterBytes int64 `json:"afterBytes"`
	// Ratio of requests that get it, over 0 to 1; not of "hang" and "refuse".
	Ratio float64 `json:"ratio"`
}

const delayMaxMs = 60_000

var hostRule = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.:_-]{0,251}[A-Za-z0-9.])?$`)

// Read takes the text of a Config.
func Read(arguments ...string) (Config, error) {
	var config Config
	if err := holding.Decode(arguments, &config); err != nil {
		return Config{}, err
	}
	return config, config.check()
}

func (c Config) check() error {
	if err := holding.CheckID(c.ID); err != nil {
		return err
	}
	if !hostRule.MatchString(c.Host) {
		return fmt.Errorf("host: must be a name or an address, got %q", c.Host)
	}
	if c.Port == 0 {
		return fmt.Errorf("port: must be 1 to 65535, got 0")
	}
	return c.Does.check()
}

func (d Does) check() error {
	switch d.Kind {
	case "hang", "refuse", "error", "slow", "reset", "truncate":
	default:
		return fmt.Errorf("does.kind: must be hang, refuse, error, slow, reset or truncate, got %q", d.Kind)
	}
	whole := d.Kind == "hang" || d.Kind == "refuse"
	if whole && d.Ratio != 0 {
		return fmt.Errorf("does: %s has no ratio, got %v", d.Kind, d.Ratio)
	}
	if !whole && !(d.Ratio > 0 && d.Ratio <= 1) {
		return fmt.Errorf("does.ratio: must be over 0 and at most 1, got %v", d.Ratio)
	}
	if errs := d.Kind == "error"; errs && (d.Status < 400 || d.Status > 599) || !errs && d.Status != 0 {
		return fmt.Errorf("does.status: must be 400 to 599, of error only, got %d of %s", d.Status, d.Kind)
	}
	if slow := d.Kind == "slow"; slow && !(d.DelayMs >= 1 && d.DelayMs <= delayMaxMs) || !slow && d.DelayMs != 0 {
		return fmt.Errorf("does.delayMs: must be 1 to %d, of slow only, got %v of %s", delayMaxMs, d.DelayMs, d.Kind)
	}
	if d.AfterBytes < 0 || d.Kind != "reset" && d.AfterBytes != 0 {
		return fmt.Errorf("does.afterBytes: must be 0 or more, of reset only, got %d of %s", d.AfterBytes, d.Kind)
	}
	return nil
}

// spoils tells whether answers of the service are changed on their way.
func (d Does) spoils() bool {
	return d.Kind == "slow" || d.Kind == "reset" || d.Kind == "truncate"
}
