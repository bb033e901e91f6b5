// Package proxy makes a dependency of a pod fail as the pod sees it: a service that it calls hangs,
// refuses or answers with errors, while everybody else is served. Nothing in the pod is changed but
// rules in its network namespace, which vanish with this process.
package proxy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
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

// Does is what happens to a connection.
type Does struct {
	// Kind is "hang", "refuse" or "error".
	Kind string `json:"kind"`
	// Status of the answers, 400 to 599; of "error" only.
	Status int `json:"status"`
	// Ratio of requests that get it, over 0 to 1; of "error" only.
	Ratio float64 `json:"ratio"`
}

var idRule = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$`)
var hostRule = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.:_-]{0,251}[A-Za-z0-9.])?$`)

// Read takes the text of a Config.
func Read(argument string) (Config, error) {
	var config Config
	decoder := json.NewDecoder(bytes.NewReader([]byte(argument)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		return Config{}, fmt.Errorf("config: must be a JSON object of known fields: %w", err)
	}
	return config, config.check()
}

func (c Config) check() error {
	if !idRule.MatchString(c.ID) {
		return fmt.Errorf("id: must be 1 to 200 letters, digits, '.', '_', '/', '-', got %q", c.ID)
	}
	if !hostRule.MatchString(c.Host) {
		return fmt.Errorf("host: must be a name or an address, got %q", c.Host)
	}
	if c.Port == 0 {
		return fmt.Errorf("port: must be 1 to 65535, got 0")
	}
	switch kind := c.Does.Kind; kind {
	case "hang", "refuse":
		if c.Does.Status != 0 || c.Does.Ratio != 0 {
			return fmt.Errorf("does: %s has no status and no ratio, got %d and %v", kind, c.Does.Status, c.Does.Ratio)
		}
	case "error":
		if c.Does.Status < 400 || c.Does.Status > 599 {
			return fmt.Errorf("does.status: must be 400 to 599, got %d", c.Does.Status)
		}
		if !(c.Does.Ratio > 0 && c.Does.Ratio <= 1) {
			return fmt.Errorf("does.ratio: must be over 0 and at most 1, got %v", c.Does.Ratio)
		}
	default:
		return fmt.Errorf("does.kind: must be hang, refuse or error, got %q", kind)
	}
	return nil
}
