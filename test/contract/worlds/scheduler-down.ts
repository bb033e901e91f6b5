import { leaderCases } from "../../support/control-world.ts";

export const cases = leaderCases("kube-scheduler", "kube-controller-manager");
