package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.k6.io/k6/v2/lib/executor"
	"go.k6.io/k6/v2/metrics"
	"go.k6.io/k6/v2/output"
)

const (
	beat          = 50 * time.Millisecond
	gaugeEvery    = time.Second
	mostUnwritten = 1_000_000 // lines that may wait for a slow disk
)

// fileOutput writes the record: whole lines, at most a beat late. A file named <path>.stop that holds
// a number of milliseconds ends the test: nothing more is sent, and what is in flight has that long.
type fileOutput struct {
	recorder *recorder
	path     string
	file     *os.File
	buffer   bytes.Buffer
	requests int64
	gaugeAt  time.Time
	deadline time.Time // of what is in flight; zero: nobody has asked to stop
	ending   sync.Once
	stopTest func(error)
	quit     chan struct{}
	done     chan struct{}
}

var _ output.WithTestRunStop = (*fileOutput)(nil)

func newFileOutput(shared *recorder, params output.Params) (*fileOutput, error) {
	if params.ConfigArgument == "" {
		return nil, errors.New("--out record=<path> needs a path")
	}
	for name, config := range params.ScriptOptions.Scenarios {
		of, known := config.(*executor.ConstantArrivalRateConfig)
		if !known {
			return nil, fmt.Errorf("scenario %s must be a constant-arrival-rate, got %s", name, config.GetType())
		}
		// As k6 computes it: the quotient in nanoseconds, cut.
		period, _ := big.NewRat(int64(of.TimeUnit.Duration), of.Rate.Int64).Float64()
		shared.scenarios[name] = &scenario{name: name, periodNs: int64(period)}
	}
	return &fileOutput{
		recorder: shared,
		path:     params.ConfigArgument,
		quit:     make(chan struct{}),
		done:     make(chan struct{}),
	}, nil
}

func (o *fileOutput) Description() string                     { return "record (" + o.path + ")" }
func (o *fileOutput) SetTestRunStopCallback(stop func(error)) { o.stopTest = stop }

func (o *fileOutput) Start() error {
	file, err := os.OpenFile(o.path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	o.file = file
	o.append(map[string]any{"begin": true, "monotonicUs": monotonicUs(), "wallUs": time.Now().UnixMicro()})
	go o.write()
	return nil
}

// AddMetricSamples sees starts and drops in the order in which the executors made them.
func (o *fileOutput) AddMetricSamples(containers []metrics.SampleContainer) {
	for _, container := range containers {
		switch of := container.(type) {
		case mark:
			o.recorder.start(of.request)
		case metrics.Sample:
			if of.Metric.Name == metrics.DroppedIterationsName {
				name, _ := of.Tags.Get("scenario")
				o.recorder.drop(name, of.Time)
			}
		}
	}
	if len(containers) > 0 {
		o.recorder.nudge()
	}
	// Here too: a disk that hangs holds up the writer, but not k6.
	o.endIfBroken()
}

// Stop writes what is still open and the last line, which proves that the file is whole.
func (o *fileOutput) Stop() error {
	close(o.quit)
	<-o.done
	o.lines(true)
	broken := o.recorder.health()
	if broken == nil {
		o.append(map[string]any{"end": true, "requests": o.requests})
	}
	return errors.Join(broken, o.flush(), o.file.Close())
}

func (o *fileOutput) write() {
	defer close(o.done)
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		select {
		case <-o.quit:
			return
		case <-ticker.C:
			o.drain()
		case <-o.recorder.wake:
		}
		o.lines(false)
		if err := o.flush(); err != nil {
			o.recorder.breakOff(err)
		}
		o.endIfBroken()
	}
}

// drain looks whether the test is to end, and ends it once nothing is in flight.
func (o *fileOutput) drain() {
	now := time.Now()
	if o.deadline.IsZero() {
		asked, err := os.ReadFile(o.path + ".stop")
		if err != nil {
			return
		}
		graceMs, err := strconv.Atoi(strings.TrimSpace(string(asked)))
		if err != nil {
			return // not whole yet: seen again at the next beat
		}
		o.deadline = now.Add(time.Duration(graceMs) * time.Millisecond)
		o.recorder.close(now)
		return // a request that began before is in `running` by the next beat
	}
	o.recorder.mu.Lock()
	open := len(o.recorder.running)
	o.recorder.mu.Unlock()
	if open == 0 || now.After(o.deadline) {
		o.end(nil)
	}
}

func (o *fileOutput) endIfBroken() {
	if broken := o.recorder.health(); broken != nil {
		o.end(broken)
	}
}

func (o *fileOutput) end(why error) { o.ending.Do(func() { o.stopTest(why) }) }

// lines turns what is ready into text; once a second also how much is in flight.
func (o *fileOutput) lines(all bool) {
	o.tellStarts()
	for _, one := range o.recorder.take(all) {
		o.append(one)
		o.requests++
	}
	if now := time.Now(); now.Sub(o.gaugeAt) >= gaugeEvery {
		o.gaugeAt = now
		for name, open := range o.inFlight() {
			o.append(map[string]any{"scenario": name, "atUs": monotonicUs(), "inFlight": open})
		}
	}
}

func (o *fileOutput) tellStarts() {
	o.recorder.mu.Lock()
	var begun []*scenario
	for _, s := range o.recorder.scenarios {
		if s.startUs != 0 && !s.told {
			s.told = true
			begun = append(begun, s)
		}
	}
	o.recorder.mu.Unlock()
	for _, s := range begun {
		o.append(map[string]any{"scenario": s.name, "beginUs": s.startUs, "periodNs": s.periodNs})
	}
}

func (o *fileOutput) inFlight() map[string]int {
	o.recorder.mu.Lock()
	defer o.recorder.mu.Unlock()
	open := map[string]int{}
	for _, s := range o.recorder.scenarios {
		if s.startUs != 0 {
			open[s.name] = 0
		}
	}
	for q := range o.recorder.running {
		open[q.in.name]++
	}
	return open
}

func (o *fileOutput) append(value any) {
	text, err := json.Marshal(value)
	if err != nil {
		o.recorder.breakOff(err)
		return
	}
	o.buffer.Write(text)
	o.buffer.WriteByte('\n')
}

// flush hands whole lines to the kernel in one call: killing this process leaves no half line.
func (o *fileOutput) flush() error {
	if o.buffer.Len() == 0 {
		return nil
	}
	_, err := o.file.Write(o.buffer.Bytes())
	o.buffer.Reset()
	return err
}
