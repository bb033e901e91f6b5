import { leaderCases } from "../../support/control-world.ts";

export const cases = leaderCases("kube-controller-manager", "kube-scheduler");
