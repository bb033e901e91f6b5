import { countsCases } from "../../support/counts-world.ts";

export const cases = countsCases("duplicate", "TcpExt.TCPDSACKOldSent");
