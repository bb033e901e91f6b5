package queue

import "math/rand/v2"

// waiting is a packet that goes on at its time.
type waiting struct {
	// dueNs is on CLOCK_MONOTONIC.
	dueNs int64
	seq   uint64
	packet
}

// packet is what the kernel holds until it is told what becomes of it.
type packet struct {
	id uint32
	// came: into this namespace rather than out of it.
	came bool
	// length in bytes, with the IP header.
	length int
	// payload is the whole packet, where it goes on changed or twice.
	payload []byte
	changed bool
	twice   bool
}

// schedule is a heap: first due, first out; those due at once in the order they came.
type schedule struct {
	heap []waiting
	seq  uint64
}

func before(a, b waiting) bool {
	return a.dueNs < b.dueNs || a.dueNs == b.dueNs && a.seq < b.seq
}

func (s *schedule) push(one packet, dueNs int64) {
	s.seq++
	s.heap = append(s.heap, waiting{dueNs: dueNs, seq: s.seq, packet: one})
	for at := len(s.heap) - 1; at > 0; {
		above := (at - 1) / 2
		if !before(s.heap[at], s.heap[above]) {
			return
		}
		s.heap[at], s.heap[above] = s.heap[above], s.heap[at]
		at = above
	}
}

func (s *schedule) pop() waiting {
	first, last := s.heap[0], len(s.heap)-1
	s.heap[0] = s.heap[last]
	s.heap[last] = waiting{}
	s.heap = s.heap[:last]
	for at := 0; ; {
		least := at
		for below := 2*at + 1; below <= 2*at+2 && below < last; below++ {
			if before(s.heap[below], s.heap[least]) {
				least = below
			}
		}
		if least == at {
			return first
		}
		s.heap[at], s.heap[least] = s.heap[least], s.heap[at]
		at = least
	}
}

// wander is a delay that moves between delay-jitter and delay+jitter along straight lines between
// uniform draws, four jitters apart. Packets keep their order, as on a real path, and the mean is
// the delay at any rate: independent draws would either reorder or, with the order kept, drift to
// the upper end as packets come closer together.
type wander struct {
	delayNs, jitterNs int64
	// The line in use, between two moments.
	fromNs, untilNs int64
	first, last     float64
	random          *rand.Rand
}

func newWander(delayMs, jitterMs float64, random *rand.Rand) *wander {
	return &wander{delayNs: int64(delayMs * 1e6), jitterNs: int64(jitterMs * 1e6), random: random}
}

func (w *wander) draw() float64 { return (w.random.Float64()*2 - 1) * float64(w.jitterNs) }

// at gives the delay of a packet that comes now.
func (w *wander) at(nowNs int64) int64 {
	if w.jitterNs == 0 {
		return w.delayNs
	}
	span := 4 * w.jitterNs
	if nowNs >= w.untilNs+span {
		w.fromNs, w.untilNs, w.last = nowNs-span, nowNs, w.draw()
	}
	for nowNs >= w.untilNs {
		w.first, w.last = w.last, w.draw()
		w.fromNs, w.untilNs = w.untilNs, w.untilNs+span
	}
	along := float64(nowNs-w.fromNs) / float64(span)
	return w.delayNs + int64(w.first+(w.last-w.first)*along)
}
