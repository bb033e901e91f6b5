package queue

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"testing"

	"ninety/binaries/net-effects/internal/netlink"
)

const packets = 20_000

// within99 says whether so many of all may come of that ratio: 2.576 deviations, for many packets.
func within99(count, all int64, ratio float64) bool {
	mean := float64(all) * ratio
	return math.Abs(float64(count)-mean) <= 2.576*math.Sqrt(mean*(1-ratio))+0.5
}

// unsent is a keeper whose verdicts stay where they are: nobody reads its socket.
func unsent(config Config) *keeper {
	return newKeeper(config, &socket{fd: -1}, random())
}

// tcp is an IPv4 packet whose bytes behind the header are 0.
func tcp(id uint32, length int) packet {
	payload := make([]byte, length)
	payload[0] = 0x45
	return packet{id: id, came: true, length: length, payload: payload}
}

// verdicts reads what would be sent: verdict and payload by number.
func verdicts(t *testing.T, send []byte, take func(id, verdict uint32, payload []byte)) {
	t.Helper()
	netlink.EachMessage(send, func(kind uint16, _ uint32, body []byte) {
		if kind != messageVerdict {
			t.Fatalf("must be a verdict, got %d", kind)
		}
		var id, verdict uint32
		var payload []byte
		netlink.EachAttribute(body[4:], func(kind uint16, value []byte) {
			if kind == packetPayload {
				payload = value
			} else {
				verdict, id = binary.BigEndian.Uint32(value), binary.BigEndian.Uint32(value[4:])
			}
		})
		take(id, verdict, payload)
	})
}

func TestPacketsAreLostAndCorruptedAsOftenAsAsked(t *testing.T) {
	const loss, corrupt = 0.1, 0.02
	k := unsent(Config{LossRatio: loss, CorruptRatio: corrupt})
	var lost, flipped, all int64
	for id := range uint32(packets) {
		sent := tcp(id+1, 120)
		k.take(sent, 0)
		verdictsOf := func(of, verdict uint32, payload []byte) {
			all++
			if of != sent.id {
				t.Fatalf("must be of packet %d, got %d", sent.id, of)
			}
			if verdict == verdictDrop {
				lost++
			}
			if payload == nil {
				return
			}
			flipped++
			if !bytes.Equal(payload[:20], sent.payload[:20]) {
				t.Fatalf("packet %d: the IP header must be as it was, got %v", of, payload[:20])
			}
			ones := 0
			for _, one := range payload[20:] {
				ones += bits.OnesCount8(one)
			}
			if ones != 1 {
				t.Fatalf("packet %d: one bit must be flipped, got %d", of, ones)
			}
		}
		for len(k.schedule.heap) > 0 {
			one := k.schedule.pop()
			k.socket.decide(one.id, verdictAccept, changedOf(one.packet))
		}
		verdicts(t, k.socket.send, verdictsOf)
		k.socket.send = k.socket.send[:0]
	}
	if all != packets || lost != k.lost {
		t.Errorf("each of %d packets must have one verdict, got %d", packets, all)
	}
	if !within99(lost, packets, loss) {
		t.Errorf("lost must be %v of %d, got %d", loss, packets, lost)
	}
	if !within99(flipped, packets-lost, corrupt) {
		t.Errorf("corrupted must be %v of %d, got %d", corrupt, packets-lost, flipped)
	}
}

func changedOf(one packet) []byte {
	if one.changed {
		return one.payload
	}
	return nil
}

func TestPacketsGoOnTwiceAndOvertakeAsOftenAsAsked(t *testing.T) {
	const twice, reorder = 0.05, 0.25
	k := unsent(Config{DuplicateRatio: twice, ReorderRatio: reorder, DelayMs: 10})
	var doubled, atOnce int64
	for id := range uint32(packets) {
		k.take(tcp(id+1, 60), 0)
	}
	for len(k.schedule.heap) > 0 {
		one := k.schedule.pop()
		if one.twice {
			doubled++
			if len(one.payload) != 60 || one.changed {
				t.Fatalf("packet %d: must be whole and as it came, got %d bytes", one.id, len(one.payload))
			}
		}
		if one.dueNs == 0 {
			atOnce++
		} else if one.dueNs != 10_000_000 {
			t.Fatalf("packet %d: must be due at once or after 10 ms, got %d ns", one.id, one.dueNs)
		}
	}
	if !within99(doubled, packets, twice) {
		t.Errorf("doubled must be %v of %d, got %d", twice, packets, doubled)
	}
	if !within99(atOnce, packets, reorder) || atOnce != k.changes.Overtook {
		t.Errorf("overtaking must be %v of %d, got %d", reorder, packets, atOnce)
	}
}

func TestLinkPassesItsBytesAndNoMore(t *testing.T) {
	const perSecond, queue, length = 125_000, 30_000, 1_500
	k := unsent(Config{BytesPerSecond: perSecond, QueueBytes: queue})
	// Ten times as much as passes, for 20 s.
	everyNs, untilNs := int64(1_200_000), int64(20_000_000_000)
	for atNs, id := int64(0), uint32(1); atNs < untilNs; atNs, id = atNs+everyNs, id+1 {
		k.take(tcp(id, length), atNs)
	}
	var passed, lastNs int64
	for len(k.schedule.heap) > 0 {
		one := k.schedule.pop()
		if gap := one.dueNs - lastNs; gap < length*1_000_000_000/perSecond-1 {
			t.Fatalf("packet %d: must be a whole packet's time behind the one before, got %d ns", one.id, gap)
		}
		passed, lastNs = passed+length, one.dueNs
	}
	rate := float64(passed) / (float64(lastNs) / 1e9)
	if math.Abs(rate-perSecond) > 0.05*perSecond {
		t.Errorf("must be %d bytes a second, got %.0f", perSecond, rate)
	}
	if waitedNs := lastNs - untilNs; waitedNs > queue*1_000_000_000/perSecond {
		t.Errorf("no more than %d bytes may wait, got %d ns of them", queue, waitedNs)
	}
	if k.changes.Overflowed == 0 {
		t.Error("what does not fit must be lost, got none")
	}
}

func TestLinkIsEachWaysOwn(t *testing.T) {
	k := unsent(Config{BytesPerSecond: 1_000, QueueBytes: 2_048})
	in, out := tcp(1, 1_500), tcp(2, 1_500)
	out.came = false
	k.take(in, 0)
	k.take(out, 0)
	for range 2 {
		if one := k.schedule.pop(); one.dueNs != 1_500_000_000 {
			t.Errorf("packet %d: must be through after 1.5 s, got %d ns", one.id, one.dueNs)
		}
	}
}
