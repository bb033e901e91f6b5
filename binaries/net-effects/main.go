// Effects on one pod: its network, from inside its namespace, and what its containers have left; and
// on programs of a node. Nothing of it outlives its process, but for a limit of open files, which it
// raises again at its end.
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"

	"ninety/binaries/net-effects/internal/ask"
	"ninety/binaries/net-effects/internal/connections"
	"ninety/binaries/net-effects/internal/dns"
	"ninety/binaries/net-effects/internal/hold"
	"ninety/binaries/net-effects/internal/proxy"
	"ninety/binaries/net-effects/internal/queue"
	"ninety/binaries/net-effects/internal/room"
)

// programs: each gets the arguments after its name.
var programs = map[string]func(arguments []string) error{
	"ask":         ask.Run,
	"connections": connections.Run,
	"dns":         dns.Run,
	"files":       room.Files,
	"fill":        room.Fill,
	"hold":        hold.Run,
	"proxy":       proxy.Run,
	"queue":       queue.Run,
	"try":         room.Try,
}

func main() {
	names := make([]string, 0, len(programs))
	for name := range programs {
		names = append(names, name)
	}
	sort.Strings(names)
	known := strings.Join(names, ", ")
	if len(os.Args) < 2 || programs[os.Args[1]] == nil {
		fmt.Fprintf(os.Stderr, "net-effects: the first argument must be one of %s, got %q\n", known, os.Args[1:])
		os.Exit(2)
	}
	if err := programs[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "net-effects %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}
