// What a pod's kernel counts of the segments that a witness sends it.
import type { FaultCase, World } from "../../src/testing/fault-contract.ts";
import { netTarget } from "./net-world.ts";

const SEGMENTS_PER_ASK = 7;
const NOISE = {
  "Tcp.InCsumErrors": 3,
  "TcpExt.TCPDSACKOldSent": 5,
  "TcpExt.TCPDSACKOfoSent": 0,
  "TcpExt.TCPOFOQueue": 8,
};
type Counter = keyof typeof NOISE;

/** Of a fault that the counter proves, with its share under that name of its options. */
export function countsCases(option: string, counter: Counter): readonly FaultCase[] {
  const shared = {
    target: netTarget,
    before: countsWorld("counts none", { counter, every: null }),
    after: [countsWorld("counts none any more", { counter, every: null })],
  };
  return [
    {
      ...shared,
      about: "a tenth",
      options: { [option]: "10%" },
      // Seven segments an ask.
      during: [
        countsWorld("counts a tenth", { counter, every: 1 }),
        countsWorld("counts a fifteenth", { counter, every: 2 }),
      ],
      otherwise: [
        countsWorld("counts one by chance", { counter, every: 20 }),
        countsWorld("its network is another one", { counter, every: 1, anew: true }),
      ],
    },
    {
      ...shared,
      about: "a hundredth",
      options: { [option]: "1%" },
      during: [countsWorld("counts a fiftieth", { counter, every: 8 })],
      otherwise: [],
    },
  ];
}

/** `counter` goes up once in so many asks; null: never. */
function countsWorld(
  about: string,
  of: {
    readonly counter: Counter;
    readonly every: number | null;
    /** Its counters begin anew while it is asked. */
    readonly anew?: boolean;
  },
): World {
  let asks = 0;
  let looks = 0;
  return {
    about,
    object: async () => null,
    http: async (_pod, { port, path }) => {
      if (port !== 8_501 || path.length < 6_000) throw new Error(`nobody was to be asked ${path}`);
      asks += 1;
      return { answered: true, status: 404, body: "", tookMs: 2 };
    },
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
    counters: async ({ uid }) => {
      if (uid !== netTarget.uid) throw new Error(`nobody was to look at ${uid}`);
      looks += 1;
      const old = of.anew === true && looks % 2 === 0 ? 0 : 1_000;
      const more = of.every === null ? 0 : Math.floor(asks / of.every);
      return {
        ...NOISE,
        "Tcp.InSegs": old + asks * SEGMENTS_PER_ASK,
        [of.counter]: NOISE[of.counter] + more,
      };
    },
  };
}
