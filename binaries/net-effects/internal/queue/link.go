package queue

// link passes so many bytes a second, one packet after the other; those that wait fill a queue.
type link struct {
	bytesPerNs float64
	queueBytes int64
	// freeNs is when the last of those that wait has passed.
	freeNs float64
}

func newLink(config Config) *link {
	return &link{bytesPerNs: config.BytesPerSecond / 1e9, queueBytes: config.QueueBytes}
}

// pass says when the last byte of a packet that comes now has passed; false: the queue is full.
func (l *link) pass(nowNs int64, bytes int) (int64, bool) {
	freeNs := max(l.freeNs, float64(nowNs))
	waiting := (freeNs - float64(nowNs)) * l.bytesPerNs
	if int64(waiting)+int64(bytes) > l.queueBytes {
		return 0, false
	}
	l.freeNs = freeNs + float64(bytes)/l.bytesPerNs
	return int64(l.freeNs), true
}
