// Package queue delays and loses packets of one network namespace: rules hand them to a queue of
// the kernel, and this process says when and whether each goes on.
package queue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"strings"
)

// Config is what to do to which packets.
type Config struct {
	// ID names the effect; it is part of the table's name.
	ID string `json:"id"`
	// Pid is any process in the network namespace.
	Pid int `json:"pid"`
	// Direction is "in", "out" or "both", as the namespace sees it.
	Direction string `json:"direction"`
	// Ports are those of the namespace itself, TCP and UDP; none: all packets.
	Ports []uint16 `json:"ports"`
	// Peers are the addresses at the other end; null: all.
	Peers []netip.Addr `json:"peers"`
	// Spared are addresses at the other end that are left alone.
	Spared []netip.Addr `json:"spared"`
	// DelayMs is added to each packet, 0 to 60,000.
	DelayMs float64 `json:"delayMs"`
	// JitterMs is how far the delay wanders from DelayMs, to both sides; at most DelayMs.
	JitterMs float64 `json:"jitterMs"`
	// LossRatio of the packets go no further, 0 to 1; at 1 no queue is needed.
	LossRatio float64 `json:"lossRatio"`
}

var idRule = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$`)

const delayMaxMs = 60_000

// Read takes the text of a Config, or `@` and the path of a file that holds it.
func Read(argument string) (Config, error) {
	text := []byte(argument)
	if path, isFile := strings.CutPrefix(argument, "@"); isFile {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return Config{}, err
		}
	}
	var config Config
	decoder := json.NewDecoder(bytes.NewReader(text))
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
	if c.Direction != "in" && c.Direction != "out" && c.Direction != "both" {
		return fmt.Errorf("direction: must be in, out or both, got %q", c.Direction)
	}
	if !(c.DelayMs >= 0 && c.DelayMs <= delayMaxMs) {
		return fmt.Errorf("delayMs: must be 0 to %d, got %v", delayMaxMs, c.DelayMs)
	}
	if !(c.JitterMs >= 0 && c.JitterMs <= c.DelayMs) {
		return fmt.Errorf("jitterMs: must be 0 to delayMs, got %v over %v", c.JitterMs, c.DelayMs)
	}
	if !(c.LossRatio >= 0 && c.LossRatio <= 1) {
		return fmt.Errorf("lossRatio: must be 0 to 1, got %v", c.LossRatio)
	}
	return nil
}
