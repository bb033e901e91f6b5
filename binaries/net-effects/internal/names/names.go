// Package names looks up names as a pod does: by its own resolv.conf and hosts.
package names

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// Names is what a pod's own resolv.conf and hosts say.
type Names struct {
	// Servers are asked in this order, each with its port.
	Servers []string
	// Search domains are put behind a name of fewer dots than Dots before it is asked for as it is.
	Search []string
	Dots   int
	hosts  map[string][]netip.Addr
}

const nameServersMax = 3

// Read reads both files from the root folder of a process of the pod.
func Read(root string) (Names, error) {
	found := Names{Dots: 1, hosts: map[string][]netip.Addr{}}
	err := eachLine(filepath.Join(root, "etc/resolv.conf"), func(words []string) {
		switch words[0] {
		case "nameserver":
			if len(words) > 1 && len(found.Servers) < nameServersMax {
				found.Servers = append(found.Servers, net.JoinHostPort(words[1], "53"))
			}
		case "search":
			found.Search = words[1:]
		case "options":
			for _, option := range words[1:] {
				if text, isDots := strings.CutPrefix(option, "ndots:"); isDots {
					found.Dots, _ = strconv.Atoi(text)
				}
			}
		}
	})
	if err != nil {
		return Names{}, err
	}
	err = eachLine(filepath.Join(root, "etc/hosts"), func(words []string) {
		address, err := netip.ParseAddr(words[0])
		if err != nil {
			return
		}
		for _, name := range words[1:] {
			name = strings.ToLower(name)
			found.hosts[name] = append(found.hosts[name], address)
		}
	})
	if os.IsNotExist(err) {
		err = nil
	}
	return found, err
}

func eachLine(path string, take func(words []string)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if words := strings.Fields(text); len(words) > 0 {
			take(words)
		}
	}
	return lines.Err()
}

// Candidates are the full names that a host may mean, in the order in which they are asked for.
func (n Names) Candidates(host string) []string {
	if strings.HasSuffix(host, ".") {
		return []string{host}
	}
	var all []string
	for _, domain := range n.Search {
		all = append(all, host+"."+strings.TrimSuffix(domain, ".")+".")
	}
	if strings.Count(host, ".") >= n.Dots {
		return append([]string{host + "."}, all...)
	}
	return append(all, host+".")
}

// Lookup gives all addresses of the first candidate that has any.
func (n Names) Lookup(within context.Context, host string) ([]netip.Addr, error) {
	if address, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{address}, nil
	}
	if known := n.hosts[strings.ToLower(host)]; len(known) > 0 {
		return known, nil
	}
	if len(n.Servers) == 0 {
		return nil, fmt.Errorf("host %s: must be resolvable in the pod, got no name server in its resolv.conf", host)
	}
	var asked atomic.Int64
	resolver := net.Resolver{
		PreferGo: true,
		// Whom this process itself would ask does not matter: the pod's servers, in turn.
		Dial: func(within context.Context, network, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(within, network, n.Servers[int(asked.Add(1)-1)%len(n.Servers)])
		},
	}
	var last error
	for _, name := range n.Candidates(host) {
		addresses, err := resolver.LookupNetIP(within, "ip", name)
		if len(addresses) > 0 {
			for at, address := range addresses {
				addresses[at] = address.Unmap()
			}
			slices.SortFunc(addresses, netip.Addr.Compare)
			return slices.Compact(addresses), nil
		}
		last = err
	}
	return nil, fmt.Errorf("host %s: must be resolvable in the pod: %w", host, last)
}
