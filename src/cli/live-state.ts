import { showDamage } from "../model/damage.ts";
import { happensOnce } from "../model/effect-facts.ts";
import type { Event, FaultEvent, Phase } from "../model/event.ts";
import { showMs } from "../model/quantity.ts";
import { isGood, type Request, type Sample } from "../model/request.ts";
import type { Plan } from "../model/plan.ts";
import { showTarget } from "../model/target.ts";

const EVENTS_SHOWN = 6;
/** Rates on the screen are means of this long. */
const RATE_OVER_US = 3_000_000;
const REQUESTS_MAX = 40_000;

interface OpenFault {
  readonly id: string;
  readonly sinceUs: number;
  readonly what: string;
  proof: string;
}

/** What the progress view shows, folded from the record while it is written. */
export class LiveState {
  readonly plan: Plan;
  phase: Phase = "preflight";
  phaseSinceUs = 0;
  step = "";
  readonly recent: string[] = [];
  readonly openFaults = new Map<string, OpenFault>();
  readonly #metrics = new Map<string, number>();
  #requests: Request[] = [];

  constructor(plan: Plan) {
    this.plan = plan;
  }

  /** Returns the line that tells of the event, or null where it is not worth one. */
  event(event: Event): string | null {
    if (event.type === "phase") {
      this.phase = event.phase;
      this.phaseSinceUs = event.atUs;
      this.step = "";
    }
    if (event.type === "fault") this.#fault(event, event.atUs);
    const line = tell(event, this.plan);
    if (line !== null) {
      this.recent.push(`${stamp(event.atUs)}  ${line}`);
      if (this.recent.length > EVENTS_SHOWN) this.recent.shift();
    }
    return line;
  }

  request(request: Request): void {
    this.#requests.push(request);
    if (this.#requests.length > REQUESTS_MAX)
      this.#requests = this.#requests.slice(REQUESTS_MAX / 2);
  }

  sample(sample: Sample): void {
    // Add-ons run on every node and are nobody's replicas; a part that scales has a service.
    const { part } = sample.tags;
    const counted = this.plan.stack.some(
      (one) => one.part === part && (one.replicas !== null || one.service !== null),
    );
    if (part !== undefined && !counted) return;
    const tag = Object.values(sample.tags).join(",");
    this.#metrics.set(tag ? `${sample.metric}{${tag}}` : sample.metric, sample.value);
  }

  /** Sum over the tags of one metric, or null where nothing was sampled yet. */
  metric(name: string): number | null {
    let sum: number | null = null;
    for (const [key, value] of this.#metrics) {
      if (key === name || key.startsWith(`${name}{`)) sum = (sum ?? 0) + value;
    }
    return sum;
  }

  /** Ended requests per second and how many of them were good, over the last seconds. */
  rates(nowUs: number): readonly { name: string; offeredRps: number; goodRps: number }[] {
    const recent = this.#requests.filter((one) => one.intendedUs > nowUs - RATE_OVER_US);
    return this.plan.load.scenarios.map(({ name }) => {
      const own = recent.filter((one) => one.scenario === name);
      const good = own.filter((one) => isGood(one, this.plan.slo, nowUs) === true);
      const per = RATE_OVER_US / 1_000_000;
      return { name, offeredRps: own.length / per, goodRps: good.length / per };
    });
  }

  /** How long the present phase still takes at most; null where nobody can say. */
  leftMs(nowUs: number): number | null {
    const { phasesMs } = this.plan;
    if (!(this.phase in phasesMs)) return null;
    const planned = phasesMs[this.phase as keyof typeof phasesMs];
    return Math.max(0, planned - (nowUs - this.phaseSinceUs) / 1_000);
  }

  #fault(event: FaultEvent, atUs: number): void {
    if (event.edge === "inject-begin") {
      // What happens once is not held: there is nothing to wait for.
      if (event.effects.every(({ effect }) => happensOnce(effect))) return;
      const fault = this.plan.steps.find((step) => step.id === event.id)?.fault ?? event.id;
      const what = `${fault} on ${event.targets.map(showTarget).join(", ")}`;
      this.openFaults.set(event.id, { id: event.id, sinceUs: atUs, what, proof: "not proved yet" });
      return;
    }
    const open = this.openFaults.get(event.id);
    if (open && (event.edge === "proved" || event.edge === "unproved")) open.proof = event.edge;
    if (open && event.edge === "lapsed") open.proof = "LEASE LAPSED";
    if (event.edge === "heal-end") this.openFaults.delete(event.id);
  }
}

/** Minutes and seconds since the start of the run. */
export function stamp(us: number): string {
  const seconds = us / 1_000_000;
  const minutes = Math.floor(seconds / 60);
  return `${String(minutes).padStart(2, "0")}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
}

/** One event in words, or null: watches tell more than a person wants to read. */
function tell(event: Event, plan: Plan): string | null {
  switch (event.type) {
    case "phase":
      return `phase ${event.phase}`;
    case "error":
      return `${event.code}: ${event.message}`;
    case "prediction":
      return null;
    case "damage":
      return showDamage(event);
    case "cluster":
      return ["added", "scheduled", "changed"].includes(event.change)
        ? null
        : `${event.object} ${event.change}`;
    case "fault":
      return tellFault(event, plan);
  }
}

function tellFault(event: FaultEvent, plan: Plan): string {
  const fault = plan.steps.find((step) => step.id === event.id)?.fault ?? "";
  const name = `${event.id} ${fault}`;
  switch (event.edge) {
    case "inject-begin":
      return `${name}: injecting on ${event.targets.map(showTarget).join(", ")}`;
    case "inject-end":
      return `${name}: in effect`;
    case "heal-begin":
      return `${name}: healing`;
    case "heal-end":
      return `${name}: healed`;
    case "lapsed":
      return `${name}: its lease lapsed, the effect is gone`;
    case "proved":
    case "unproved":
      return `${name}: ${event.edge} by ${event.evidence.by}`;
    case "heal-proved":
      return `${name}: proved gone by ${event.evidence.by}`;
    case "heal-unproved":
      return `${name}: NOT proved gone, needed ${event.evidence.needed}`;
    case "inject-failed":
      return `${name}: inject failed: ${event.message}`;
    case "heal-failed":
      return `${name}: HEAL FAILED: ${event.message}; its lease ends it`;
  }
}

/** `warmup`, `4 s left`: the head of the view. */
export function phaseLine(state: LiveState, nowUs: number): string {
  const left = state.leftMs(nowUs);
  const most = state.phase === "observe" ? "at most " : "";
  return left === null
    ? state.phase
    : `${state.phase}, ${most}${showMs(Math.round(left / 1_000) * 1_000)} left`;
}
