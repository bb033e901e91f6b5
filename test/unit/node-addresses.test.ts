import { expect, test } from "vitest";
import { addressesV4, addressesV6, nodeAddresses } from "../../src/agents/node-addresses.ts";

const FIB = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.244.1.0/24 2 0 2
        |-- 10.244.1.0
           /24 link UNICAST
        |-- 10.244.1.1
           /32 host LOCAL
        |-- 10.244.1.255
           /32 link BROADCAST
Local:
  +-- 127.0.0.0/8 2 0 2
     |-- 127.0.0.1
        /32 host LOCAL
     |-- 10.244.1.1
        /32 host LOCAL
`;

test("the addresses of a node are those that are local to it, each once", () => {
  expect(addressesV4(FIB)).toEqual(["10.244.1.1", "127.0.0.1"]);
  expect(addressesV4("")).toEqual([]);
});

test("those of IPv6 are written as eight groups", () => {
  const lines =
    "00000000000000000000000000000001 01 80 10 80       lo\n" +
    "fe80000000000000a00027fffe000001 02 40 20 80     eth0\n";
  expect(addressesV6(lines)).toEqual([
    "0000:0000:0000:0000:0000:0000:0000:0001",
    "fe80:0000:0000:0000:a000:27ff:fe00:0001",
  ]);
  expect(addressesV6("")).toEqual([]);
});

test("this machine's own can be read", () => {
  expect(nodeAddresses()).toContain("127.0.0.1");
});
