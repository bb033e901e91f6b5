import { countsCases } from "../../support/counts-world.ts";

export const cases = countsCases("corrupt", "Tcp.InCsumErrors");
