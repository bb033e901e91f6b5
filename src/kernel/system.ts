import { LEASING } from "../model/agent-protocol.ts";
import type { Held, Lease } from "../model/effect.ts";
import type { KubeObject } from "../model/json.ts";
import type { Plan, PlannedPart, PlannedStep } from "../model/plan.ts";
import type { Ms } from "../model/quantity.ts";
import type { Environment } from "../model/record.ts";
import type { Request, Sample } from "../model/request.ts";
import type { Target } from "../model/target.ts";
import type { Clock } from "../ports/clock.ts";
import type { Cluster, ClusterProvider, Progress } from "../ports/cluster.ts";
import type { AnyFault } from "../ports/fault.ts";
import type { Injector } from "../ports/injector.ts";
import type { LoadRunner } from "../ports/load.ts";
import type { Log } from "../ports/log.ts";
import type { Sampler } from "../ports/sampler.ts";
import type { Witness } from "../ports/witness.ts";
import { AbortWatch } from "./abort-when.ts";
import { Artifacts } from "./artifacts.ts";
import { bindPlan, namespaceOf } from "./bind.ts";
import { within, type Crew } from "./crew.ts";
import { addressOf, applyAll, refuseTaken, waitReady } from "./deploy.ts";
import { judgeCluster } from "./enter.ts";
import { bringsNothing } from "./existing.ts";
import { podsNow, replacements, uidOf } from "./follow.ts";
import { note, openSteps } from "./heal.ts";
import { foresee } from "./foresee.ts";
import { Foretold } from "./foretold.ts";
import { createHolders } from "./holders.ts";
import { refuseUnheld } from "./holding.ts";
import { readInventory } from "./inventory.ts";
import { leaseOf } from "./lease.ts";
import { drawStep, judgeDeployed } from "./placed.ts";
import { planDamage, planProblems, refuse, refuseAbsent } from "./preflight.ts";
import { lookBefore, prove, type Proofs } from "./prove.ts";
import { randomOf } from "./prng.ts";
import { takeRunLease, type RunLease } from "./run-lease.ts";
import type { Holders, Replaced, Resolved, System } from "./run-system.ts";
import { RequestWindow, settle } from "./settle.ts";
import { cutsIn, effectsOf } from "./stand-in.ts";
import { leftoverEvents, removeObjects, sweepFailed, sweepsForEffects } from "./teardown.ts";
import { spawnSamplers, started, stayWithLoad } from "./watch.ts";

/** What a run tells while it goes on; only the record is kept. */
export type Live =
  | { readonly is: "step"; readonly what: string; readonly doneRatio?: number }
  | { readonly is: "request"; readonly request: Request }
  | { readonly is: "sample"; readonly sample: Sample };

export interface SystemDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Names the run in labels and effect ids; unique among all runs that a cluster sees. */
  readonly run: string;
  readonly provider: ClusterProvider;
  /** A cluster that is up already, and that is somebody else's to take down. */
  readonly attach?: Cluster;
  /** Where clients reach the part that the load is offered to; else the address of its Service. */
  readonly address?: string;
  readonly injectors: (cluster: Cluster) => readonly Injector[];
  readonly witness: (cluster: Cluster) => Witness;
  readonly faults: (name: string) => AnyFault;
  readonly load: LoadRunner;
  readonly samplers: readonly Sampler[];
  /** The cluster stays up; what the run deployed goes all the same. */
  readonly keep: boolean;
  readonly onLive: (told: Live) => void;
  /** The run's own folder for scripts and raw output; exists. */
  readonly workFolder: string;
  readonly environment: Omit<Environment, "schema" | "cluster" | "level">;
  /** Joined to the cluster's versions in environment.json. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A System over real ports, and what is known only once it has run. */
export interface RunSystem extends System {
  /** Every request of the load is on the record. */
  loadComplete(): boolean;
}

const LABEL_MAX = 63;

/** What a label value may be, different for different runs; also the prefix of effect ids. */
export function runLabel(run: string): string {
  const plain = run.replace(/[^A-Za-z0-9._-]/g, "-").replace(/^[._-]+|[._-]+$/g, "");
  if (plain === run && plain.length <= LABEL_MAX && plain !== "") return plain;
  const digest = Math.floor(randomOf(run, "run label")() * 2 ** 32).toString(16);
  return `${plain.slice(0, LABEL_MAX - 10)}r-${digest}`;
}

/** Nothing is touched before the runner asks for it. */
export function createSystem(deps: SystemDeps): RunSystem {
  return new PortSystem(deps);
}

/** What is known from the moment that a cluster is up. */
interface Stage {
  readonly cluster: Cluster;
  readonly holders: Holders;
  readonly witness: Witness;
  readonly objects: readonly KubeObject[];
  /** The plan's parts, with what was found of those that were there before. */
  readonly stack: readonly PlannedPart[];
  /** Something was applied, so there are agents to ask. */
  deployed: boolean;
}

class PortSystem implements RunSystem {
  readonly clock: Clock;
  readonly log: Log;
  readonly leasing = LEASING;
  readonly #deps: SystemDeps;
  readonly #run: string;
  readonly #proofs: Proofs;
  readonly #requests = new RequestWindow();
  /** Uids of the pods that no longer count as replacements, by step. */
  readonly #known = new Map<string, Set<string>>();
  readonly #artifacts: Artifacts;
  readonly #foretold: Foretold;
  #plan: Plan | null = null;
  #cluster: Cluster | null = null;
  #stage: Stage | null = null;
  #lease: RunLease | null = null;
  #deploying: Promise<void> = Promise.resolve();
  #loadComplete = false;
  /** Past preflight: there is something to be looked at afterwards. */
  #begun = false;

  constructor(deps: SystemDeps) {
    this.#deps = deps;
    this.clock = deps.clock;
    this.log = deps.log;
    this.#run = runLabel(deps.run);
    this.#artifacts = new Artifacts({ clock: deps.clock, log: deps.log, run: this.#run });
    this.#foretold = new Foretold(deps);
    this.#proofs = { clock: deps.clock, log: deps.log, faults: deps.faults, looks: new Map() };
  }

  get holders(): Holders {
    return this.#stage?.holders ?? createHolders([]);
  }

  loadComplete(): boolean {
    return this.#loadComplete;
  }

  async preflight(plan: Plan, signal: AbortSignal): Promise<void> {
    this.#plan = plan;
    const { attach, provider, faults } = this.#deps;
    refuse(planProblems(plan, faults));
    await this.#foretold.tell(plan, planDamage(plan, faults));
    if (attach) await this.#enter(plan, attach, signal);
    else if (provider.kind === "local") refuseAbsent(plan);
    await provider.prepare(this.#progress, signal);
    // One that is there already is judged before anything is called touched.
    if (!attach && provider.kind === "kube") await this.#up(plan, signal);
  }

  async #up(plan: Plan, signal: AbortSignal): Promise<void> {
    this.#cluster = await this.#deps.provider.up(plan.cluster, this.#progress, signal);
    await this.#enter(plan, this.#cluster, signal);
  }

  deploy(plan: Plan, signal: AbortSignal): Promise<void> {
    // Kept: an abort must not leave a cluster behind that comes up a moment later.
    this.#deploying = this.#deploy(plan, signal);
    return this.#deploying;
  }

  async #deploy(plan: Plan, signal: AbortSignal): Promise<void> {
    const { environment, versions } = this.#deps;
    if (!this.#stage) await this.#up(plan, signal);
    this.#begun = true;
    const stage = this.#on();
    const { cluster } = stage;
    if (!bringsNothing(plan)) await this.#apply(plan, stage, signal);
    const described = await cluster.describe(signal);
    await this.log.write("environment.json", {
      schema: 1,
      ...environment,
      cluster: { ...described, versions: { ...described.versions, ...versions } },
      level: cluster.level,
    } satisfies Environment);
    if (bringsNothing(plan)) return;
    const tell = (what: string): void => this.#tell(what);
    const placed = { cluster, run: this.#run, stack: stage.stack, clock: this.clock, tell };
    await this.#foretold.tell(plan, await judgeDeployed(plan, placed, signal));
  }

  async #apply(plan: Plan, stage: Stage, signal: AbortSignal): Promise<void> {
    const { cluster, objects } = stage;
    const deploying = { api: cluster.api, clock: this.clock, run: this.#run, signal };
    await refuseTaken(namespaceOf(plan), deploying);
    stage.deployed = true;
    this.#tell(`applying ${objects.length} objects`);
    await applyAll(objects, deploying);
    this.#tell("waiting for nodes and GPUs");
    await cluster.ready(signal);
    await waitReady(objects, deploying, (what) => this.#tell(what));
  }

  /** Judges a cluster that is up; only then it is the run's stage. */
  async #enter(plan: Plan, cluster: Cluster, signal: AbortSignal): Promise<void> {
    const { injectors, witness, faults, attach, address } = this.#deps;
    const binding = { run: this.#run, namespace: namespaceOf(plan), images: cluster.images };
    const holders = createHolders(injectors(cluster));
    const objects = bindPlan(plan, binding);
    const { stack } = plan;
    this.#stage = { cluster, holders, witness: witness(cluster), objects, stack, deployed: false };
    const accepts: Holders["accepts"] = (effect) => holders.accepts(effect);
    const fresh = cluster !== attach && cluster.kind === "local";
    const addressGiven = address !== undefined;
    const of = { cluster, run: this.#run, objects, accepts, faults, fresh, addressGiven };
    const { clock } = this;
    const tell = (what: string): void => this.#tell(what);
    // First: what another run has deployed is none of its leftovers while it lives.
    this.#lease = await takeRunLease({ api: cluster.api, clock, run: this.#run, tell }, signal);
    const entered = await judgeCluster(plan, of, signal);
    this.#stage = { ...this.#stage, stack: entered.stack };
    await this.#foretold.tell(plan, entered.damage);
  }

  async watch(plan: Plan, crew: Crew, signal: AbortSignal): Promise<void> {
    const { load, samplers, workFolder, environment } = this.#deps;
    const { cluster } = this.#on();
    const namespace = namespaceOf(plan);
    const part = plan.stack.find((one) => one.part === plan.load.to);
    if (!part) throw new Error(`load.to must be in the stack, got ${plan.load.to}`);
    const { api } = cluster;
    const at = { api, signal, namespace, by: plan.load.by };
    const address = this.#deps.address ?? (await addressOf(part, at));
    const sample = (one: Sample): void => {
      this.log.sample(one);
      this.#deps.onLive({ is: "sample", sample: one });
    };
    const clients = { host: cluster.loadHost, address };
    const beside = { plan, namespace, api, clients, clock: this.clock, log: this.log, sample };
    spawnSamplers(samplers, beside, crew);
    this.#artifacts.watch(api, crew);
    crew.spawn(async (life) => within(life, this.#lease?.lost ?? new Promise<never>(() => {})));
    const aborts = plan.abortWhen && new AbortWatch(plan, plan.abortWhen);
    const starting = load.start({
      plan: plan.load,
      part,
      namespace,
      address,
      workFolder,
      seed: plan.seed,
      host: cluster.loadHost,
      monotonicStartUs: environment.monotonicStartUs,
      atMostMs: Object.values(plan.phasesMs).reduce((sum, one) => sum + one, 0) + 10 * 60_000,
      onRequest: (request) => {
        this.log.request(request);
        this.#requests.add(request);
        aborts?.add(request);
        this.#deps.onLive({ is: "request", request });
      },
      onSample: sample,
    });
    crew.spawn(async (life) => {
      const { clock, log } = this;
      const { timeoutMs } = plan.load;
      this.#loadComplete = await stayWithLoad(starting, { clock, log, timeoutMs }, life);
    });
    await started(starting);
    if (aborts) crew.spawn(async (life) => aborts.run(this.clock, life));
  }

  async resolve(
    step: PlannedStep,
    signal: AbortSignal,
    given?: readonly Target[],
  ): Promise<Resolved> {
    const plan = this.#planned();
    const { cluster, holders, witness, stack } = this.#on();
    const of = { cluster, run: this.#run, stack, events: this.log.events(), given };
    const { placement, targets, damage } = await drawStep(plan, step, of, signal);
    await this.#foretold.tell(plan, damage);
    const known = this.#known.get(step.id) ?? new Set();
    const met = given ? given.flatMap(uidOf) : podsNow(step, placement.inventory);
    this.#known.set(step.id, new Set([...known, ...met]));
    const effects = this.#effects(step, targets);
    refuseUnheld(plan, step, { effects, accepts: (effect) => holders.accepts(effect) });
    const logs = this.#artifacts.before(step.id, targets, signal);
    const foreseen = given ? null : foresee(this, { plan, step, effects, placement }, signal);
    await lookBefore(this.#proofs, { step, targets, witness }, signal);
    await Promise.all([logs, foreseen]);
    this.#requests.injected(this.clock.nowUs());
    return { targets, effects };
  }

  #effects(step: PlannedStep, targets: readonly Target[]): readonly Held[] {
    const fault = this.#deps.faults(step.fault);
    const begun = this.log
      .events()
      .flatMap((one) =>
        one.type === "fault" && one.id === step.id && one.edge === "inject-begin"
          ? one.effects
          : [],
      ).length;
    return targets
      .flatMap((target) => effectsOf(step, fault, target))
      .map((effect, nth) => ({ id: `${this.#run}/${step.id}.${begun + nth}`, effect }));
  }

  lease(step: PlannedStep, forMs: Ms): Lease {
    const plan = this.#planned();
    const cuts = cutsIn(plan, this.#deps.faults);
    return leaseOf(step, forMs, { plan, ...cuts, leasing: this.leasing });
  }

  async replaced(untilMs: Ms, signal: AbortSignal): Promise<Replaced | undefined> {
    const plan = this.#planned();
    for (;;) {
      const open = new Set(openSteps(this.log.events()).map(({ id }) => id));
      const followed = plan.steps.filter(({ id, follow }) => follow && open.has(id));
      const nextMs = this.clock.nowMs() + 1_000;
      await this.clock.until(followed.length === 0 ? untilMs : Math.min(nextMs, untilMs), signal);
      if (this.clock.nowMs() >= untilMs) return undefined;
      // A look that fails is made again in a second.
      const asked = { stack: plan.stack, run: this.#run, api: this.#on().cluster.api };
      const inventory = await readInventory(asked, signal).catch(() => null);
      if (!inventory) continue;
      for (const step of followed) {
        const known = this.#known.get(step.id) ?? new Set();
        const events = this.log.events();
        const targets = replacements(step, { events, inventory, known });
        if (targets.length > 0) return { step, targets };
      }
    }
  }

  async prove(step: PlannedStep, want: "present" | "absent", signal: AbortSignal): Promise<void> {
    await prove(this.#proofs, { step, want, witness: this.#on().witness }, signal);
  }

  async settled(plan: Plan, signal: AbortSignal): Promise<void> {
    const { clock, log } = this;
    const tell = (what: string): void => this.#tell(what);
    await settle(plan, { clock, log, requests: this.#requests, tell }, signal);
  }

  async remove(plan: Plan, signal: AbortSignal): Promise<void> {
    await within(signal, this.#deploying).catch(() => {});
    const { keep } = this.#deps;
    if (this.#stage && this.#begun) {
      this.#tell("collecting logs and objects");
      await this.#artifacts.collect({ ...this.#stage, plan }, signal);
    }
    if (this.#stage?.deployed) await this.#clear(this.#stage, signal);
    // Nobody is to wait for the Lease of a cluster that goes.
    if (this.#goes()) this.#lease?.stop();
    else await this.#lease?.release();
    // An attached cluster is none that we brought up.
    if (keep || !this.#cluster) return;
    this.#tell("taking the cluster down");
    await within(signal, this.#cluster.down());
  }

  /** Effects first, while there are agents to ask; objects only where the cluster outlives them. */
  async #clear({ cluster, holders, objects }: Stage, signal: AbortSignal): Promise<void> {
    const { clock } = this;
    const of = { clock, run: this.#run, planned: objects, signal };
    const sweeps = sweepsForEffects(cluster.api, { ...of, holders });
    for (const sweep of sweeps) await this.#sweep(sweep);
    if (this.#goes()) return;
    this.#tell("removing what was deployed");
    await this.#sweep(async () => removeObjects(cluster.api, of));
  }

  /** The cluster is one that we brought up and take down with all that is in it. */
  #goes(): boolean {
    return this.#cluster?.kind === "local" && !this.#deps.keep;
  }

  async #sweep(look: () => ReturnType<typeof removeObjects>): Promise<void> {
    try {
      for (const event of leftoverEvents(await look())) await note(this, event);
    } catch (error) {
      await note(this, sweepFailed(error));
    }
  }

  #on(): Stage {
    if (!this.#stage) throw new Error("no cluster is up");
    return this.#stage;
  }

  #planned(): Plan {
    if (!this.#plan) throw new Error("no plan was preflighted");
    return this.#plan;
  }

  readonly #progress: Progress = (step) => this.#deps.onLive({ is: "step", ...step });

  #tell(what: string): void {
    this.#progress({ what });
  }
}
