// Package queue delays, loses and changes packets of one network namespace: rules hand them to a
// queue of the kernel, and this process says when, whether and how each goes on.
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
	// Node: the namespace is that of the node itself, which is refused otherwise. Meant is what comes
	// in or goes out by its uplinks, forwarded for its pods or not.
	Node bool `json:"node"`
	// Direction is "in", "out" or "both", as the namespace sees it.
	Direction string `json:"direction"`
	// Ports are those of the namespace itself, TCP and UDP; none: all packets.
	Ports []uint16 `json:"ports"`
	// Peers are the addresses at the other end; null: all.
	Peers []netip.Addr `json:"peers"`
	// Spared are addresses at the other end that are left alone.
	Spared []netip.Addr `json:"spared"`
	// SparedPorts are ports of the node's own addresses that are left alone.
	SparedPorts []uint16 `json:"sparedPorts"`
	// SparedPortsMs is how long they are, where all is lost; 0: all the time. Whoever waits there to
	// hear that the effect is there hears it.
	SparedPortsMs float64 `json:"sparedPortsMs"`
	// DelayMs is added to each packet, 0 to 60,000.
	DelayMs float64 `json:"delayMs"`
	// JitterMs is how far the delay wanders from DelayMs, to both sides; at most DelayMs.
	JitterMs float64 `json:"jitterMs"`
	// LossRatio of the packets go no further, 0 to 1; at 1 no queue is needed.
	LossRatio float64 `json:"lossRatio"`
	// DuplicateRatio of the packets go on twice, 0 to 1.
	DuplicateRatio float64 `json:"duplicateRatio"`
	// CorruptRatio of the packets have one bit flipped behind their IP header, with the checksum as it
	// was, 0 to 1.
	CorruptRatio float64 `json:"corruptRatio"`
	// ReorderRatio of the packets are not delayed and so overtake the others, 0 to 1.
	ReorderRatio float64 `json:"reorderRatio"`
	// BytesPerSecond of IP packets pass, each way by itself; 0: as many as come.
	BytesPerSecond float64 `json:"bytesPerSecond"`
	// QueueBytes wait for their turn at most: what does not fit is lost. At least a full packet.
	QueueBytes int64 `json:"queueBytes"`
}

var idRule = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$`)

const (
	delayMaxMs = 60_000
	// A millisecond's worth of less is a fraction of a byte.
	bandwidthMin  = 1_000
	bandwidthMax  = 10_000_000_000
	queueMinBytes = 2_048
	queueMaxBytes = 64 << 20
)

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
	if !(c.SparedPortsMs >= 0 && c.SparedPortsMs <= delayMaxMs) || c.SparedPortsMs > 0 && !c.onlyLoses() {
		return fmt.Errorf("sparedPortsMs: must be 0 to %d, and 0 where not all is lost, got %v", delayMaxMs, c.SparedPortsMs)
	}
	for name, ratio := range map[string]float64{
		"lossRatio": c.LossRatio, "duplicateRatio": c.DuplicateRatio,
		"corruptRatio": c.CorruptRatio, "reorderRatio": c.ReorderRatio,
	} {
		if !(ratio >= 0 && ratio <= 1) {
			return fmt.Errorf("%s: must be 0 to 1, got %v", name, ratio)
		}
	}
	if c.ReorderRatio > 0 && c.DelayMs == 0 {
		return fmt.Errorf("reorderRatio: must be 0 where nothing is delayed, got %v", c.ReorderRatio)
	}
	if c.Node && c.DuplicateRatio > 0 {
		return fmt.Errorf("duplicateRatio: must be 0 on a node, got %v", c.DuplicateRatio)
	}
	return c.checkBandwidth()
}

func (c Config) checkBandwidth() error {
	if c.BytesPerSecond == 0 {
		return nil
	}
	if !(c.BytesPerSecond >= bandwidthMin && c.BytesPerSecond <= bandwidthMax) {
		return fmt.Errorf("bytesPerSecond: must be %d to %d, got %v", bandwidthMin, bandwidthMax, c.BytesPerSecond)
	}
	if c.QueueBytes < queueMinBytes || c.QueueBytes > queueMaxBytes {
		return fmt.Errorf("queueBytes: must be %d to %d, got %d", queueMinBytes, queueMaxBytes, c.QueueBytes)
	}
	return nil
}

// onlyLoses: the kernel can drop all by itself.
func (c Config) onlyLoses() bool { return c.LossRatio == 1 }

// perPacket: what is met are packets of the wire, so that those the device would cut are cut before.
func (c Config) perPacket() bool {
	return c.LossRatio > 0 || c.changes() || c.ReorderRatio > 0 || c.BytesPerSecond > 0
}

// changes: the packet itself is needed, not its number alone.
func (c Config) changes() bool { return c.DuplicateRatio > 0 || c.CorruptRatio > 0 }
