package queue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// uplinks gives the numbers of the devices that this namespace reaches the rest of the world by:
// those of the default routes of all its tables. A bridge of pods, or the end of a pod's own cable,
// has none.
func uplinks() ([]uint32, error) {
	raw, err := syscall.NetlinkRIB(unix.RTM_GETROUTE, unix.AF_UNSPEC)
	if err != nil {
		return nil, fmt.Errorf("routes of the node: %w", err)
	}
	messages, err := syscall.ParseNetlinkMessage(raw)
	if err != nil {
		return nil, fmt.Errorf("routes of the node: %w", err)
	}
	var found []uint32
	for _, message := range messages {
		if message.Header.Type != unix.RTM_NEWROUTE || len(message.Data) < unix.SizeofRtMsg {
			continue
		}
		route := (*unix.RtMsg)(unsafe.Pointer(&message.Data[0]))
		if route.Dst_len != 0 || route.Type != unix.RTN_UNICAST {
			continue
		}
		attributes, err := syscall.ParseNetlinkRouteAttr(&message)
		if err != nil {
			return nil, fmt.Errorf("routes of the node: %w", err)
		}
		for _, one := range attributes {
			found = append(found, devicesOf(one)...)
		}
	}
	slices.Sort(found)
	found = slices.DeleteFunc(slices.Compact(found), isLoopback)
	if len(found) == 0 {
		return nil, errors.New("node: must have a default route on a device, got none")
	}
	return found, nil
}

// devicesOf a route: its own, or those of each of its next hops.
func devicesOf(attribute syscall.NetlinkRouteAttr) (devices []uint32) {
	value := attribute.Value
	switch attribute.Attr.Type {
	case unix.RTA_OIF:
		devices = append(devices, binary.NativeEndian.Uint32(value))
	case unix.RTA_MULTIPATH:
		for len(value) >= unix.SizeofRtNexthop {
			length := int(binary.NativeEndian.Uint16(value))
			if length < unix.SizeofRtNexthop || length > len(value) {
				break
			}
			devices = append(devices, binary.NativeEndian.Uint32(value[4:]))
			value = value[min((length+3)&^3, len(value)):]
		}
	}
	return devices
}

func isLoopback(device uint32) bool {
	one, err := net.InterfaceByIndex(int(device))
	return err == nil && one.Flags&net.FlagLoopback != 0
}
