package queue

import (
	"math/rand/v2"

	"golang.org/x/sys/unix"
)

// counters are said at the end. Null where the kernel drops by itself.
type counters struct {
	Did    string `json:"did"`
	Why    string `json:"why"`
	Passed *int64 `json:"passed"`
	Lost   *int64 `json:"lost"`
	// Missed packets passed at once: this process did not keep up.
	Missed *int64 `json:"missed"`
	*changes
}

type changes struct {
	Duplicated int64 `json:"duplicated"`
	Corrupted  int64 `json:"corrupted"`
	// Overtook: not delayed while others were.
	Overtook int64 `json:"overtook"`
	// Overflowed: lost, as the queue of the link was full.
	Overflowed int64 `json:"overflowed"`
}

// keeper holds packets until they are due.
type keeper struct {
	config   Config
	socket   *socket
	again    *again
	schedule schedule
	wander   *wander
	// in, out: null where any number of bytes passes.
	in, out *link
	random  *rand.Rand
	buffer  [1 << 17]byte
	lastID  uint32

	passed, lost, missed int64
	changes              changes
}

func newKeeper(config Config, socket *socket, random *rand.Rand) *keeper {
	k := &keeper{config: config, socket: socket, random: random}
	k.wander = newWander(config.DelayMs, config.JitterMs, random)
	if config.BytesPerSecond > 0 {
		k.in, k.out = newLink(config), newLink(config)
	}
	return k
}

func (k *keeper) serve(end int) {
	on := []unix.PollFd{
		{Fd: int32(k.socket.fd), Events: unix.POLLIN},
		{Fd: int32(end), Events: unix.POLLIN},
	}
	for {
		atMostNs := int64(-1)
		if len(k.schedule.heap) > 0 {
			atMostNs = max(k.schedule.heap[0].dueNs-now(), 0)
		}
		wait(on, atMostNs)
		k.receive(now())
		k.release(now() + earlyNs)
		if on[1].Revents != 0 {
			return
		}
	}
}

func (k *keeper) receive(atNs int64) {
	for reads := 0; reads < readsInARow; reads++ {
		n, err := unix.Read(k.socket.fd, k.buffer[:])
		if err != nil || n <= 0 {
			return
		}
		receive(k.buffer[:n], func(one packet) { k.take(one, atNs) })
	}
}

// take decides what becomes of a packet; its payload is only lent.
func (k *keeper) take(one packet, atNs int64) {
	if one.id > k.lastID {
		k.missed += int64(one.id - k.lastID - 1)
		k.lastID = one.id
	}
	if k.draws(k.config.LossRatio) {
		k.lost++
		k.socket.decide(one.id, verdictDrop, nil)
		return
	}
	dueNs, fits := k.passes(one, atNs)
	if !fits {
		k.changes.Overflowed++
		k.socket.decide(one.id, verdictDrop, nil)
		return
	}
	lent := one.payload
	one.payload = nil
	one.changed, one.twice = k.draws(k.config.CorruptRatio), k.draws(k.config.DuplicateRatio)
	if one.changed || one.twice {
		one.payload = append(one.payload, lent...)
	}
	if one.changed {
		one.changed = flip(one.payload, k.random)
	}
	if k.draws(k.config.ReorderRatio) {
		k.changes.Overtook++
	} else {
		dueNs += k.wander.at(atNs)
	}
	k.schedule.push(one, dueNs)
}

// passes says when a packet is through the link.
func (k *keeper) passes(one packet, atNs int64) (int64, bool) {
	way := k.out
	if one.came {
		way = k.in
	}
	if way == nil {
		return atNs, true
	}
	return way.pass(atNs, one.length)
}

func (k *keeper) draws(ratio float64) bool { return ratio > 0 && k.random.Float64() < ratio }

func (k *keeper) release(untilNs int64) {
	for len(k.schedule.heap) > 0 && k.schedule.heap[0].dueNs <= untilNs {
		one := k.schedule.pop()
		k.passed++
		if one.changed {
			k.changes.Corrupted++
			k.socket.decide(one.id, verdictAccept, one.payload)
		} else {
			k.socket.decide(one.id, verdictAccept, nil)
		}
		if one.twice {
			// The first goes on before the second.
			k.socket.flush()
			if k.again.send(one.payload) == nil {
				k.changes.Duplicated++
			}
		}
	}
	k.socket.flush()
}

// flip turns one bit behind the IP header; the checksum that covers it stays as it was, and tells.
// False: there is nothing behind it.
func flip(payload []byte, random *rand.Rand) bool {
	header := headerBytes(payload)
	if header == 0 || len(payload) <= header {
		return false
	}
	bit := random.IntN((len(payload) - header) * 8)
	payload[header+bit/8] ^= 1 << (bit % 8)
	return true
}

// headerBytes of the IP packet; 0: it is none.
func headerBytes(payload []byte) int {
	if len(payload) >= 20 && payload[0]>>4 == 4 {
		return int(payload[0]&0xf) * 4
	}
	if len(payload) >= 40 && payload[0]>>4 == 6 {
		return 40
	}
	return 0
}
