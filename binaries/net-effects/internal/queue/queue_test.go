package queue

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func TestPacketsGoOnWhenDueAndInOrder(t *testing.T) {
	var all schedule
	source := random()
	for id := range uint32(2_000) {
		all.push(packet{id: id}, source.Int64N(100))
	}
	last := waiting{dueNs: -1}
	for range 2_000 {
		next := all.pop()
		if before(next, last) {
			t.Fatalf("must come after %d at %d, got %d at %d", last.id, last.dueNs, next.id, next.dueNs)
		}
		last = next
	}
	if len(all.heap) != 0 {
		t.Errorf("must be empty, got %d", len(all.heap))
	}
}

func TestJitterKeepsMeanBoundsAndOrderAtAnyRate(t *testing.T) {
	for _, everyNs := range []int64{10_000, 1_000_000, 70_000_000} {
		wander := newWander(20, 8, random())
		sum, least, most, lastNs := 0.0, math.Inf(1), 0.0, int64(0)
		const packets = 200_000
		for n := range int64(packets) {
			atNs := 5_000_000_000 + n*everyNs
			delayMs := float64(wander.at(atNs)) / 1e6
			sum, least, most = sum+delayMs, min(least, delayMs), max(most, delayMs)
			if outNs := atNs + int64(delayMs*1e6); outNs < lastNs {
				t.Fatalf("every %d ns: packet %d overtakes", everyNs, n)
			} else {
				lastNs = outNs
			}
		}
		if mean := sum / packets; math.Abs(mean-20) > 1.5 {
			t.Errorf("every %d ns: mean must be 20 ms, got %.2f", everyNs, mean)
		}
		if least < 12 || most > 28 || most-least < 8 {
			t.Errorf("every %d ns: must wander within 12 to 28 ms, got %.2f to %.2f", everyNs, least, most)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	good := `{"id":"f01.0","pid":1,"direction":"in","delayMs":5,"jitterMs":5,"lossRatio":1}`
	if _, err := Read(good); err != nil {
		t.Error(err)
	}
	// As long as a run's label may be, and the step.
	long := fmt.Sprintf(`{"id":"%s/f01.0","pid":1,"direction":"in"}`, strings.Repeat("a", 63))
	if _, err := Read(long); err != nil {
		t.Error(err)
	}
	link := `{"id":"f01.0","direction":"out","bytesPerSecond":125000,"queueBytes":65536}`
	if _, err := Read(link); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		`{"id":"f01.0","direction":"up"}`,
		`{"id":"a b","direction":"in"}`,
		`{"id":"f01.0","direction":"in","delayMs":60001}`,
		`{"id":"f01.0","direction":"in","delayMs":1,"jitterMs":2}`,
		`{"id":"f01.0","direction":"in","lossRatio":1.1}`,
		`{"id":"f01.0","direction":"in","delay":5}`,
		`{"id":"f01.0","direction":"in","corruptRatio":-0.1}`,
		`{"id":"f01.0","direction":"in","lossRatio":0.5,"sparedPortsMs":1}`,
		`{"id":"f01.0","direction":"in","reorderRatio":0.1}`,
		`{"id":"f01.0","direction":"in","node":true,"duplicateRatio":0.1}`,
		`{"id":"f01.0","direction":"in","bytesPerSecond":999,"queueBytes":65536}`,
		`{"id":"f01.0","direction":"in","bytesPerSecond":125000}`,
		`{"id":"f01.0","direction":"in","peers":["n1"]}`,
		`[]`,
	} {
		if _, err := Read(bad); err == nil {
			t.Errorf("must be refused: %s", bad)
		}
	}
}
