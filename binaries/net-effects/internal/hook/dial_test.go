package hook

import "testing"

func TestPortsBelowThoseOfClients(t *testing.T) {
	for text, want := range map[string][2]int{
		"32768\t60999\n": {16_384, 32_768},
		"10000 65535":    {1024, 10_000},
		"1024 65535":     {},
		"nothing":        {},
	} {
		if from, to := portsBelow(text); from != want[0] || to != want[1] {
			t.Errorf("%q: got %d to %d", text, from, to)
		}
	}
}
