package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"time"

	"go.k6.io/k6/v2/js/modules"
	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/metrics"
)

// module is `k6/x/record`: begin(connection) before a request, end(code, content) after it.
type module struct{ recorder *recorder }

func (m *module) NewModuleInstance(vu modules.VU) modules.Instance {
	return &user{vu: vu, recorder: m.recorder}
}

// user is one virtual user: it has at most one request under way.
type user struct {
	vu        modules.VU
	recorder  *recorder
	current   *request
	freeSince time.Time
	fresh     bool // this request must not reuse a connection
	wrapped   bool
}

func (u *user) Exports() modules.Exports {
	return modules.Exports{Named: map[string]any{"begin": u.begin, "end": u.end}}
}

// mark numbers a start: k6 hands it to the outputs in order with the dropped ticks.
type mark struct{ request *request }

func (mark) GetSamples() []metrics.Sample { return nil }

// begin takes up the iteration's request and returns the iteration's number, or -1 where nothing
// more may be sent.
func (u *user) begin(connection string) (int64, error) {
	state, ctx := u.vu.State(), u.vu.Context()
	if state == nil {
		return 0, errors.New("begin must be called in an iteration")
	}
	if connection != "new" && connection != "reused" {
		return 0, errors.New(`connection must be "new" or "reused", got ` + connection)
	}
	if u.current != nil {
		// An exception in the script: what it did not judge must not look judged.
		err := errors.New("the iteration before ended without end()")
		u.recorder.breakOff(err)
		return 0, err
	}
	if !u.wrapped {
		state.Transport, u.wrapped = &transport{user: u, inner: state.Transport}, true
	}
	of := lib.GetScenarioState(ctx)
	taken, err := u.recorder.begin(of.Name, of.StartTime, u.freeSince)
	if err != nil || taken == nil {
		return -1, err
	}
	if !metrics.PushIfNotDone(ctx, state.Samples, mark{taken}) {
		u.recorder.refuse(taken)
		return -1, nil
	}
	u.recorder.started(taken)
	u.current, u.fresh = taken, connection == "new"
	return int64(state.GetScenarioGlobalVUIter()), nil //nolint:gosec // far below 2^63
}

// end takes k6's error code (0: none) and the script's verdict on the content (ok or bad).
func (u *user) end(code int, content string) {
	if u.current == nil {
		return
	}
	u.recorder.finish(u.current, code, content, u.vu.Context().Err() != nil)
	u.current, u.freeSince = nil, time.Now()
}

// transport stamps what happens to the user's request on CLOCK_MONOTONIC.
type transport struct {
	user  *user
	inner http.RoundTripper
}

func (t *transport) RoundTrip(sent *http.Request) (*http.Response, error) {
	q, recorder := t.user.current, t.user.recorder
	if q == nil {
		return t.inner.RoundTrip(sent)
	}
	traced := sent.WithContext(httptrace.WithClientTrace(sent.Context(), recorder.trace(q)))
	traced.Close = t.user.fresh
	answer, err := t.inner.RoundTrip(traced)
	if err != nil {
		recorder.change(q, func(q *request) { q.EndUs = monotonicUs() })
		return answer, err
	}
	recorder.change(q, func(q *request) {
		q.Status = answer.StatusCode
		q.Backend = answer.Header.Get("X-Backend")
		q.Shed = shed(answer)
	})
	answer.Body = &body{ReadCloser: answer.Body, request: q, recorder: recorder}
	return answer, nil
}

// shed tells a deliberate refusal under load from a failure.
func shed(answer *http.Response) bool {
	switch answer.StatusCode {
	case http.StatusTooManyRequests:
		return true
	case http.StatusServiceUnavailable:
		return answer.Header.Get("X-Shed") != "" || answer.Header.Get("Retry-After") != ""
	}
	return false
}

func (r *recorder) trace(q *request) *httptrace.ClientTrace {
	// Dials go on in the background when a connection comes free first: no step back from there.
	dialing := func(phase string) {
		r.change(q, func(q *request) {
			if q.Phase != phaseRequest && q.Phase != phaseResponse {
				q.Phase = phase
			}
		})
	}
	return &httptrace.ClientTrace{
		GetConn: func(string) {
			r.change(q, func(q *request) { q.Attempts++; q.Phase = phaseDNS })
		},
		ConnectStart:      func(string, string) { dialing(phaseConnect) },
		TLSHandshakeStart: func() { dialing(phaseTLS) },
		GotConn: func(info httptrace.GotConnInfo) {
			r.change(q, func(q *request) {
				q.Phase, q.Connection = phaseRequest, "new"
				if info.Reused {
					q.Connection = "reused"
				}
			})
		},
		GotFirstResponseByte: func() {
			r.change(q, func(q *request) { q.Phase = phaseResponse; q.FirstByteUs = monotonicUs() })
		},
	}
}

// body stamps the end of an answer: its last byte or its breaking off.
type body struct {
	io.ReadCloser
	request  *request
	recorder *recorder
}

func (b *body) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	b.recorder.change(b.request, func(q *request) {
		q.Bytes += int64(n)
		if err != nil && q.EndUs == 0 {
			q.EndUs = monotonicUs()
			if err == io.EOF {
				q.Phase = phaseComplete
			}
		}
	})
	return n, err
}
