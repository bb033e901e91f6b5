package dns

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
)

const (
	headerBytes  = 12
	nameMaxBytes = 255
	typeA        = 1
	classIN      = 1
	// ttlSeconds is short: what was wrong must be forgotten soon.
	ttlSeconds = 1

	codeServFail = 2
	codeNXDomain = 3

	flagAnswer             = 0x8000
	flagRecursionDesired   = 0x0100
	flagRecursionAvailable = 0x0080
	maskOperation          = 0x7800
)

var errNoQuestion = errors.New("must be a query with one question")

// question of a query.
type question struct {
	// name ends with a dot.
	name string
	kind uint16
	// end is where it ends in the message.
	end int
}

// questionOf reads a query with one question; there are no others in use.
func questionOf(message []byte) (question, error) {
	if len(message) < headerBytes || binary.BigEndian.Uint16(message[4:]) != 1 {
		return question{}, errNoQuestion
	}
	if flags := binary.BigEndian.Uint16(message[2:]); flags&(flagAnswer|maskOperation) != 0 {
		return question{}, errNoQuestion
	}
	var name strings.Builder
	at := headerBytes
	for {
		if at >= len(message) || name.Len() > nameMaxBytes {
			return question{}, errNoQuestion
		}
		length := int(message[at])
		at++
		if length == 0 {
			break
		}
		// Over 63 it would be a pointer: in a question there is nothing to point at.
		if length > 63 || at+length > len(message) {
			return question{}, errNoQuestion
		}
		name.Write(message[at : at+length])
		name.WriteByte('.')
		at += length
	}
	if at+4 > len(message) {
		return question{}, errNoQuestion
	}
	return question{name.String(), binary.BigEndian.Uint16(message[at:]), at + 4}, nil
}

// answerTo begins an answer with that code: nothing but the question.
func answerTo(query []byte, of question, code uint16) []byte {
	b := append([]byte(nil), query[:of.end]...)
	desired := binary.BigEndian.Uint16(query[2:]) & flagRecursionDesired
	binary.BigEndian.PutUint16(b[2:], flagAnswer|flagRecursionAvailable|desired|code)
	binary.BigEndian.PutUint16(b[6:], 0)
	binary.BigEndian.PutUint16(b[8:], 0)
	binary.BigEndian.PutUint16(b[10:], 0)
	return b
}

// addressed answers that the name has this address, of IPv4, and nothing else.
func addressed(query []byte, of question, address netip.Addr) []byte {
	b := answerTo(query, of, 0)
	if of.kind != typeA {
		return b
	}
	binary.BigEndian.PutUint16(b[6:], 1)
	b = append(b, 0xc0, headerBytes) // the name, as in the question
	b = binary.BigEndian.AppendUint16(b, typeA)
	b = binary.BigEndian.AppendUint16(b, classIN)
	b = binary.BigEndian.AppendUint32(b, ttlSeconds)
	b = binary.BigEndian.AppendUint16(b, 4)
	return append(b, address.AsSlice()...)
}
