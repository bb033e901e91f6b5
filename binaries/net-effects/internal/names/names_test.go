package names

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(root+"/etc", 0o755); err != nil {
		t.Fatal(err)
	}
	resolv := "search shop.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5 edns0\n"
	for name, text := range map[string]string{"resolv.conf": resolv, "hosts": "10.1.2.3 Api api.shop # own\n"} {
		if err := os.WriteFile(root+"/etc/"+name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	known, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{
		"server":      "server.shop.svc.cluster.local. server.svc.cluster.local. server.",
		"a.b.c.d.e.f": "a.b.c.d.e.f. a.b.c.d.e.f.shop.svc.cluster.local. a.b.c.d.e.f.svc.cluster.local.",
		"full.":       "full.",
	} {
		if got := strings.Join(known.Candidates(host), " "); got != want {
			t.Errorf("%s: must mean %q, got %q", host, want, got)
		}
	}
	for host, want := range map[string]string{"API": "[10.1.2.3]", "10.0.0.1": "[10.0.0.1]"} {
		if got, err := known.Lookup(context.Background(), host); fmt.Sprint(got) != want || err != nil {
			t.Errorf("%s: must be %s, got %v %v", host, want, got, err)
		}
	}
	if fmt.Sprint(known.Servers) != "[10.96.0.10:53]" {
		t.Errorf("got %v", known.Servers)
	}
}
