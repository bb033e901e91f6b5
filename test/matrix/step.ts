// What the processes of a cell are told, and how they reach the holder.
import { readFileSync } from "node:fs";

import { guardInjector } from "../../src/injectors/guard.ts";
import { nodeAgentInjector } from "../../src/injectors/node-agent.ts";
import type { Leasing } from "../../src/model/agent-protocol.ts";
import type { ControlComponent } from "../../src/model/component.ts";
import type { Effect } from "../../src/model/effect.ts";
import type { Ms, Us } from "../../src/model/quantity.ts";
import type { Injector } from "../../src/ports/injector.ts";
import { localApi } from "../support/local-agent-api.ts";
import type { Moment } from "./cells.ts";

/** Where a holder listens. */
export type HolderAt =
  | { readonly is: "agent"; readonly socket: string }
  | {
      readonly is: "guard";
      readonly socket: string;
      readonly machines: readonly string[];
      readonly components: readonly ControlComponent[];
    };

export interface Step {
  /** Prefix of the effect's id: of no other cell on this machine. */
  readonly run: string;
  /** Of the record. */
  readonly folder: string;
  readonly holder: HolderAt;
  readonly effect: Effect;
  readonly leasing: Leasing;
  /** Null: it happens once. */
  readonly holdMs: Ms | null;
  /** The runner stays there until it is told to go on. */
  readonly waitsAt: Moment;
}

/** The step that a process was started with: `<program> <file>`. */
export function readStep(): Step {
  return JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Step;
}

export function injectorAt(at: HolderAt, monotonicStartUs: Us): Injector & { close(): void } {
  if (at.is === "guard") {
    const { socket: socketPath, machines, components } = at;
    return guardInjector({ socketPath, machines, components, monotonicStartUs });
  }
  return nodeAgentInjector({ api: localApi({ NINETY_AGENT_SOCKET: at.socket }), monotonicStartUs });
}
