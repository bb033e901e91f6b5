import { expect, test } from "vitest";
import { connectionsIn } from "../../src/agents/control-path.ts";
import { countersIn } from "../../src/model/counters.ts";

const HEAD =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const line = (near: string, far: string, state: string, inode: string): string =>
  `   0: ${near} ${far} ${state} 00000000:00000000 02:00000A8C 00000000     0        0 ${inode} 2 00`;

test("the established connections of a table, with the addresses of both ends", () => {
  const v4 = [
    HEAD,
    line("0200640A:D2F0", "0100640A:192B", "01", "4711"),
    line("00000000:280A", "00000000:0000", "0A", "4712"),
  ].join("\n");
  expect(connectionsIn(v4)).toEqual([
    {
      near: { address: "10.100.0.2", port: 54_000 },
      far: { address: "10.100.0.1", port: 6_443 },
      inode: "4711",
    },
  ]);
  const v6 = [
    HEAD,
    line(
      "0000000000000000FFFF00000200640A:280A",
      "0000000000000000FFFF00000100640A:D2F0",
      "01",
      "1",
    ),
    line(
      "000000FD000000000000000002000000:0001",
      "00000000000000000000000001000000:0002",
      "01",
      "2",
    ),
  ].join("\n");
  expect(connectionsIn(v6).map(({ near, far }) => [near.address, far.address])).toEqual([
    ["10.100.0.2", "10.100.0.1"],
    ["fd00:0000:0000:0000:0000:0000:0000:0002", "::1"],
  ]);
  expect(connectionsIn("")).toEqual([]);
});

test("what a kernel has counted, by group and name", () => {
  const lines = [
    "Tcp: RtoAlgorithm InSegs InCsumErrors",
    "Tcp: 1 4711 3",
    "TcpExt: TCPOFOQueue",
    "TcpExt: 9",
    "",
  ];
  expect(countersIn(lines)).toEqual({
    "Tcp.RtoAlgorithm": 1,
    "Tcp.InSegs": 4_711,
    "Tcp.InCsumErrors": 3,
    "TcpExt.TCPOFOQueue": 9,
  });
});
