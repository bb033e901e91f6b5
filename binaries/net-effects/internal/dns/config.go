// Package dns stands between a pod and its name servers: look-ups of some names fail, are slow or
// give a wrong address; all others are passed on. Nothing in the pod is changed but rules in its
// network namespace, which vanish with this process.
package dns

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"ninety/binaries/net-effects/internal/holding"
	"ninety/binaries/net-effects/internal/names"
)

// Config is which look-ups are met, and what happens to them.
type Config struct {
	// ID names the effect; it is part of the tables' names.
	ID string `json:"id"`
	// Pid is any process of the pod.
	Pid int `json:"pid"`
	// Name as the pod would look it up, with all below it; "*": every name.
	Name string `json:"name"`
	Does Does   `json:"does"`
}

// Does is what becomes of a look-up.
type Does struct {
	// Kind is "fail", "slow" or "wrong".
	Kind string `json:"kind"`
	// Code of the answers, "SERVFAIL" or "NXDOMAIN"; of "fail" only.
	Code string `json:"code"`
	// DelayMs before the server is asked, 1 to 60,000; of "slow" only.
	DelayMs float64 `json:"delayMs"`
	// Address of IPv4 that every such name has: loopback, private or of documentation; of "wrong" only.
	Address netip.Addr `json:"address"`
}

const delayMaxMs = 60_000

var nameRule = regexp.MustCompile(`^(\*|[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9.])?)$`)

// Nobody else is led anywhere: these are of the pod, of the cluster, or of nobody.
var allowed = []netip.Prefix{
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
}

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
	if !nameRule.MatchString(c.Name) {
		return fmt.Errorf("name: must be a DNS name or *, got %q", c.Name)
	}
	d := c.Does
	switch d.Kind {
	case "fail", "slow", "wrong":
	default:
		return fmt.Errorf("does.kind: must be fail, slow or wrong, got %q", d.Kind)
	}
	if fails := d.Kind == "fail"; fails && d.Code != "SERVFAIL" && d.Code != "NXDOMAIN" || !fails && d.Code != "" {
		return fmt.Errorf("does.code: must be SERVFAIL or NXDOMAIN, of fail only, got %q of %s", d.Code, d.Kind)
	}
	if slow := d.Kind == "slow"; slow && !(d.DelayMs >= 1 && d.DelayMs <= delayMaxMs) || !slow && d.DelayMs != 0 {
		return fmt.Errorf("does.delayMs: must be 1 to %d, of slow only, got %v of %s", delayMaxMs, d.DelayMs, d.Kind)
	}
	may := slices.ContainsFunc(allowed, func(of netip.Prefix) bool { return of.Contains(d.Address) })
	if wrong := d.Kind == "wrong"; wrong && !may || !wrong && d.Address.IsValid() {
		return fmt.Errorf("does.address: must be IPv4, of loopback, a private network or documentation, of wrong only, got %s of %s",
			d.Address, d.Kind)
	}
	return nil
}

// meets tells of a full name that was asked for whether it is meant.
type meets func(asked string) bool

// meetsOf takes every full name that the pod may mean by the name, and all below each.
func (c Config) meetsOf(known names.Names) meets {
	if c.Name == "*" {
		return func(string) bool { return true }
	}
	meant := known.Candidates(strings.ToLower(c.Name))
	return func(asked string) bool {
		asked = strings.ToLower(asked)
		return slices.ContainsFunc(meant, func(name string) bool {
			return asked == strings.ToLower(name) || strings.HasSuffix(asked, "."+strings.ToLower(name))
		})
	}
}
