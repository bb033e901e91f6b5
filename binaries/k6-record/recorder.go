package main

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// How far a request came. What fails is named by where it failed.
const (
	phaseDNS      = "dns"
	phaseConnect  = "connect"
	phaseTLS      = "tls"
	phaseRequest  = "request"  // has a connection, no byte of an answer yet
	phaseResponse = "response" // first byte seen, body not whole
	phaseComplete = "complete"
)

const unknownTick = -1

// A start may be told this much later than a drop that came after it.
const settle = 500 * time.Millisecond

// line is one intended request in the file. Zero means unknown and is left out: no clock reads 0.
type line struct {
	Scenario    string `json:"scenario"`
	Tick        int64  `json:"tick"`
	State       string `json:"state"` // done, open or dropped
	IntendedUs  int64  `json:"intendedUs"`
	StartUs     int64  `json:"startUs,omitempty"`
	FirstByteUs int64  `json:"firstByteUs,omitempty"`
	EndUs       int64  `json:"endUs,omitempty"`
	Phase       string `json:"phase,omitempty"`
	Connection  string `json:"connection,omitempty"` // new or reused
	Attempts    int    `json:"attempts"`
	Status      int    `json:"status,omitempty"`
	Code        int    `json:"code,omitempty"`    // k6's error code
	Content     string `json:"content,omitempty"` // the script's verdict: ok or bad
	Backend     string `json:"backend,omitempty"`
	Shed        bool   `json:"shed,omitempty"`
	Bytes       int64  `json:"bytes,omitempty"`
}

// request is one that is under way. The recorder's lock guards it.
type request struct {
	line
	in        *scenario
	finished  bool
	at        time.Time // of a drop
	freeSince time.Time // of a start: when its virtual user ended what it did before; zero: never
}

// scenario counts ticks in the order in which the executor started or dropped them.
//
// The executor tells drops itself, starts are told by the virtual user, a little later. When it makes
// up for a stall, a whole burst of drops can overtake the starts before it. But it only drops while
// nobody is free: a user free since before a drop had been taken before that drop.
type scenario struct {
	name     string
	periodNs int64
	startUs  int64 // 0: no iteration has begun
	next     int64
	told     bool
	queue    []*request // not yet numbered: a drop that is not settled, and what follows
}

func (s *scenario) enqueue(q *request) {
	place := len(s.queue)
	if q.State != "dropped" {
		for at, before := range s.queue {
			if before.State == "dropped" && before.at.After(q.freeSince) {
				place = at
				break
			}
		}
	}
	s.queue = slices.Insert(s.queue, place, q)
}

// settled numbers the head of the queue up to the first drop that a start may still precede.
func (s *scenario) settled(now time.Time, all bool) []*request {
	length := 0
	for _, q := range s.queue {
		if !all && q.State == "dropped" && now.Sub(q.at) < settle {
			break
		}
		q.Tick = s.next
		s.next++
		length++
	}
	numbered := s.queue[:length:length]
	if s.queue = s.queue[length:]; len(s.queue) == 0 {
		s.queue = nil
	}
	return numbered
}

func (s *scenario) intendedUs(tick int64) int64 { return s.startUs + tick*s.periodNs/1_000 }

// recorder is shared by all virtual users and the output.
type recorder struct {
	mu        sync.Mutex
	scenarios map[string]*scenario
	running   map[*request]struct{}
	ready     []*request // ended and numbered, not yet written
	closedAt  time.Time  // zero: open
	broken    error
	wake      chan struct{}
}

func newRecorder() *recorder {
	return &recorder{
		scenarios: map[string]*scenario{},
		running:   map[*request]struct{}{},
		wake:      make(chan struct{}, 1),
	}
}

// begin takes up a request, or returns nil where no more may be sent.
func (r *recorder) begin(name string, scenarioStart, freeSince time.Time) (*request, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	in := r.scenarios[name]
	if in == nil {
		return nil, fmt.Errorf("scenario %s is not recorded: start k6 with --out record=<path>", name)
	}
	if !r.closedAt.IsZero() {
		return nil, nil
	}
	if in.startUs == 0 {
		in.startUs = usOf(scenarioStart)
	}
	taken := &request{in: in, freeSince: freeSince, line: line{Scenario: name, Tick: unknownTick, Phase: phaseDNS}}
	r.running[taken] = struct{}{}
	return taken, nil
}

// started stamps a request whose mark is on its way to the outputs. The stamp comes after the mark:
// whatever has an earlier number was due before it, so the lag of a start is never negative.
func (r *recorder) started(q *request) {
	r.mu.Lock()
	q.StartUs = monotonicUs()
	r.mu.Unlock()
}

// refuse forgets a request that the end of the test kept from being sent.
func (r *recorder) refuse(q *request) {
	r.mu.Lock()
	delete(r.running, q)
	r.mu.Unlock()
}

// change alters a request that has not finished: hooks of net/http may come late.
func (r *recorder) change(q *request, alter func(*request)) {
	r.mu.Lock()
	if !q.finished {
		alter(q)
	}
	r.mu.Unlock()
}

// finish takes the script's judgement; `interrupted` leaves what is not complete open.
func (r *recorder) finish(q *request, code int, content string, interrupted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if q.finished || (interrupted && q.Phase != phaseComplete) {
		return
	}
	q.State, q.Code, q.Content = "done", code, content
	if q.EndUs == 0 {
		q.EndUs = monotonicUs()
	}
	q.finished = true
	delete(r.running, q)
	if q.Tick != unknownTick {
		r.ready = append(r.ready, q)
	}
}

// start puts a request where its scenario counts it.
func (r *recorder) start(q *request) {
	r.mu.Lock()
	q.in.enqueue(q)
	r.mu.Unlock()
}

// drop records a tick for which no virtual user was free.
func (r *recorder) drop(name string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	in := r.scenarios[name]
	if in == nil || (!r.closedAt.IsZero() && at.After(r.closedAt)) {
		return
	}
	dropped := line{Scenario: name, Tick: unknownTick, State: "dropped"}
	in.enqueue(&request{in: in, finished: true, at: at, line: dropped})
}

// close lets no further request begin.
func (r *recorder) close(at time.Time) {
	r.mu.Lock()
	if r.closedAt.IsZero() {
		r.closedAt = at
	}
	r.mu.Unlock()
}

// breakOff ends the test as failed: what was recorded cannot be trusted.
func (r *recorder) breakOff(why error) {
	r.mu.Lock()
	if r.broken == nil {
		r.broken = why
	}
	r.mu.Unlock()
	r.nudge()
}

// health tells why the record cannot be whole, or nil.
func (r *recorder) health() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	waiting := len(r.ready)
	for _, s := range r.scenarios {
		waiting += len(s.queue)
	}
	if r.broken == nil && waiting > mostUnwritten {
		r.broken = fmt.Errorf("at most %d lines may wait for the disk, got %d", mostUnwritten, waiting)
	}
	return r.broken
}

// nudge asks for a write now instead of at the next beat.
func (r *recorder) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// take hands out the lines that are whole; with `all` also what is still open, as such.
func (r *recorder) take(all bool) []line {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for _, s := range r.scenarios {
		// The drop of a tick can be known before the scenario's first start is.
		if s.startUs == 0 && !all {
			continue
		}
		for _, q := range s.settled(now, all) {
			if q.finished {
				r.ready = append(r.ready, q)
			}
		}
	}
	if all {
		for q := range r.running {
			q.State, q.finished = "open", true
			r.ready = append(r.ready, q)
		}
		clear(r.running)
	}
	lines := make([]line, 0, len(r.ready))
	for _, q := range r.ready {
		q.IntendedUs = q.in.intendedUs(q.Tick)
		lines = append(lines, q.line)
	}
	r.ready = nil
	return lines
}
