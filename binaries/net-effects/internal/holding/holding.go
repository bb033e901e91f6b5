// Package holding is what programs share that hold an effect as long as they are wanted.
package holding

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
)

var idRule = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$`)

// Decode takes the one argument of a program, JSON of known fields only.
func Decode(arguments []string, into any) error {
	if len(arguments) != 1 {
		return fmt.Errorf("must have one argument, JSON, got %d", len(arguments))
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(arguments[0])))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("config: must be a JSON object of known fields: %w", err)
	}
	return nil
}

// CheckID refuses what cannot be part of a table's name.
func CheckID(id string) error {
	if !idRule.MatchString(id) {
		return fmt.Errorf("id: must be 1 to 200 letters, digits, '.', '_', '/', '-', got %q", id)
	}
	return nil
}

// Ends gives why it is time to end, once it is: SIGTERM, SIGINT or the end of standard input.
func Ends() <-chan string {
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

// Say prints a line: that the effect is there, and at last what it did.
func Say(what any) {
	text, _ := json.Marshal(what)
	fmt.Printf("%s\n", text)
}
