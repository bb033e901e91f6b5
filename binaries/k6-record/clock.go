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
var pairTime, pairUs = time.Now(), monotonicUs()

func usOf(t time.Time) int64 { return pairUs + t.Sub(pairTime).Microseconds() }
