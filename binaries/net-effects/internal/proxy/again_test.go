package proxy

import "testing"

// A connection that was reset is remembered by its port for 10 s, and ports come round.
func TestLeadsItselfNowhere(t *testing.T) {
	const asks = 3_000
	pod := newPod(t)
	proxy := pod.proxied(server, web, Does{Kind: "reset", AfterBytes: 5, Ratio: 1})
	for range asks {
		if head, _, err := pod.broken(100); head == nil {
			t.Errorf("a head must come before the reset, got %v", err)
		}
	}
	proxy.Input.Close()
	if said := pod.ends(proxy); said.Connections != asks || said.Answered != asks {
		t.Errorf("each of %d must be led here once, got %+v", asks, said.Counters)
	}
}
