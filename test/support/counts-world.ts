// What a pod's kernel counts of the segments that a witness sends it.
import type { World } from "../../src/testing/fault-contract.ts";
import { netTarget } from "./net-world.ts";

const SEGMENTS_PER_ASK = 7;
const NOISE = {
  "Tcp.InCsumErrors": 3,
  "TcpExt.TCPDSACKOldSent": 5,
  "TcpExt.TCPDSACKOfoSent": 0,
  "TcpExt.TCPOFOQueue": 8,
};

/** `counter` goes up once in so many asks; null: never. */
export function countsWorld(
  about: string,
  of: {
    readonly counter: keyof typeof NOISE;
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
