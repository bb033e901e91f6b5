package ask

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"golang.org/x/sys/unix"
)

// asker is a client that tries nothing twice, so that all it meets is told.
type asker struct {
	target *url.URL
	within time.Duration
	reuse  bool

	// kept for the next ask; nil: it must open one.
	kept    net.Conn
	answers *bufio.Reader
	address string
	// body that came of the last answer, in bytes.
	body int64
}

func (a *asker) ask() Answer {
	limited, done := context.WithTimeout(context.Background(), a.within)
	defer done()
	from := time.Now()
	a.body = 0
	status, err := a.once(limited)
	answer := Answer{
		Answered:  err == nil,
		Status:    status,
		TookMs:    float64(time.Since(from)) / float64(time.Millisecond),
		Ended:     endOf(err),
		BodyBytes: a.body,
		Address:   a.address,
	}
	if err != nil {
		answer.Why = err.Error()
	}
	return answer
}

func endOf(err error) string {
	switch {
	case err == nil:
		return "complete"
	case errors.Is(err, unix.ECONNRESET), errors.Is(err, unix.EPIPE):
		return "reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "short"
	default:
		return "none"
	}
}

func (a *asker) once(limited context.Context) (int, error) {
	if a.kept == nil {
		if err := a.connect(limited); err != nil || a.kept == nil {
			return 0, err
		}
	}
	if a.target.Scheme == "tcp" {
		// A reset leaves no port behind that waits.
		_ = a.kept.(*net.TCPConn).SetLinger(0)
		return 0, a.end()
	}
	status, keeps, err := a.get(limited)
	if !keeps || err != nil {
		_ = a.end()
	}
	return status, err
}

func (a *asker) end() error {
	err := a.kept.Close()
	a.kept = nil
	return err
}

// connect opens a connection to the first address that takes one; of a name alone it opens none.
func (a *asker) connect(limited context.Context) error {
	a.address = ""
	addresses, err := lookup(limited, a.target.Hostname())
	if err != nil {
		return err
	}
	a.address = addresses[0].String()
	if a.target.Scheme == "dns" {
		return nil
	}
	port := a.target.Port()
	if port == "" {
		port = "80"
	}
	var refused error
	for _, address := range addresses {
		var dialer net.Dialer
		connection, err := dialer.DialContext(limited, "tcp", net.JoinHostPort(address.String(), port))
		if err == nil {
			a.kept, a.answers, a.address = connection, bufio.NewReader(connection), address.String()
			return nil
		}
		refused = errors.Join(refused, err)
	}
	return refused
}

// lookup asks the name servers itself: by another library it might be another resolv.conf.
func lookup(limited context.Context, host string) ([]netip.Addr, error) {
	resolver := net.Resolver{PreferGo: true}
	addresses, err := resolver.LookupNetIP(limited, "ip", host)
	if err != nil {
		return nil, err
	}
	for at, address := range addresses {
		addresses[at] = address.Unmap()
	}
	return addresses, nil
}

// get asks once, and says whether the connection is good for another ask.
func (a *asker) get(limited context.Context) (int, bool, error) {
	request, err := http.NewRequestWithContext(limited, http.MethodGet, a.target.String(), nil)
	if err != nil {
		return 0, false, err
	}
	request.Close = !a.reuse
	until, _ := limited.Deadline()
	_ = a.kept.SetDeadline(until)
	if err := request.Write(a.kept); err != nil {
		return 0, false, err
	}
	response, err := http.ReadResponse(a.answers, request)
	if err != nil {
		return 0, false, err
	}
	defer response.Body.Close()
	a.body, err = io.Copy(io.Discard, io.LimitReader(response.Body, bodyMaxBytes))
	whole := err == nil && a.body < bodyMaxBytes
	return response.StatusCode, whole && a.reuse && !response.Close, err
}
