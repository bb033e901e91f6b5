import { countsCases } from "../../support/counts-world.ts";

export const cases = countsCases("reorder", "TcpExt.TCPOFOQueue");
