package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// monotonicUs is CLOCK_MONOTONIC in microseconds: the one clock that all processes of a machine share.
func monotonicUs() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		panic(err) // Linux has had this clock since 2.6: failing means that the build is wrong.
	}
	return now.Nano() / 1_000
}

// A time.Time carries Go's own reading of CLOCK_MONOTONIC; one pair of readings makes it comparable.
var pairTime, pairUs = pairOfReadings()

const pairsMax = 64

// pairOfReadings is the closest of many pairs: whoever is preempted between the two readings of one
// would tell all times of a run too late. The reading in microseconds is the earlier one, so that a
// converted time is never later than it was.
func pairOfReadings() (time.Time, int64) {
	var closest time.Time
	var closestUs, leastUs int64 = 0, -1
	for range pairsMax {
		beforeUs, now, afterUs := monotonicUs(), time.Now(), monotonicUs()
		if tookUs := afterUs - beforeUs; leastUs < 0 || tookUs < leastUs {
			closest, closestUs, leastUs = now, beforeUs, tookUs
		}
	}
	return closest, closestUs
}

func usOf(t time.Time) int64 { return pairUs + t.Sub(pairTime).Microseconds() }
