// Package hold keeps processes from making any step, by ptrace: the kernel lets them go on when the
// process that holds them ends, so that not even SIGKILL leaves one stopped.
package hold

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"time"
)

// Config is whom to hold.
type Config struct {
	// ID names the effect.
	ID string `json:"id"`
	// Programs are names that a process may have been started by: the last part of its argv[0].
	Programs []string `json:"programs"`
	// Beside is a process in the pid namespace of those that are meant: no other is touched.
	Beside int `json:"beside"`
	// AfterMs: they are stopped so long after it is said that they can be, 0 to 10,000.
	AfterMs float64 `json:"afterMs"`
}

const afterMaxMs = 10_000

var (
	idRule      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$`)
	programRule = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
)

// Read takes the text of a Config.
func Read(text string) (Config, error) {
	var config Config
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
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
	if len(c.Programs) == 0 {
		return fmt.Errorf("programs: must be at least one, got none")
	}
	for _, program := range c.Programs {
		if !programRule.MatchString(program) {
			return fmt.Errorf("programs: must be 1 to 64 letters, digits, '.', '_', '-', got %q", program)
		}
	}
	if c.Beside < 1 {
		return fmt.Errorf("beside: must be 1 or more, got %d", c.Beside)
	}
	if !(c.AfterMs >= 0 && c.AfterMs <= afterMaxMs) {
		return fmt.Errorf("afterMs: must be 0 to %d, got %v", afterMaxMs, c.AfterMs)
	}
	return nil
}

func (c Config) after() time.Duration { return time.Duration(c.AfterMs * float64(time.Millisecond)) }
