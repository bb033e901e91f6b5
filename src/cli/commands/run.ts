// The main job: an experiment in, a record, a verdict and reports out.
import { randomBytes } from "node:crypto";
import { join, relative } from "node:path";
import { LEASING } from "../../model/agent-protocol.ts";
import { EXIT, NinetyError, messageOf, worstExit, type ExitCode } from "../../model/error.ts";
import { showMeasured } from "../../model/show.ts";
import type { Lease } from "../../model/effect.ts";
import type { Plan, StackPatch, StepId } from "../../model/plan.ts";
import { createCrew } from "../../kernel/crew.ts";
import { readExperiment, type Reading } from "../../kernel/experiment.ts";
import { leaseOf } from "../../kernel/lease.ts";
import { patched } from "../../kernel/patch-stack.ts";
import { makePlan } from "../../kernel/planner.ts";
import { run as runPlan, type RunEnd } from "../../kernel/runner.ts";
import { cutsIn } from "../../kernel/stand-in.ts";
import { planSha256, refuseOtherPlan } from "../../store/plan-hash.ts";
import { openRunLog, type RunLog } from "../../store/run-log.ts";
import { monotonicUs, realClock } from "../clock.ts";
import { addOns, checkImages, composeSystem, whereOf, type ClusterChoice } from "../compose.ts";
import { runsRoot, utcStamp } from "../folders.ts";
import { exitOf, judgeFolder, rendered, writeReports, type Judged } from "../judging.ts";
import { explain, type Output } from "../output.ts";
import { RunMetrics } from "../metrics.ts";
import { serveMetrics, type MetricsServer } from "../metrics-server.ts";
import { patchesNamed, type PatchOptions } from "../patch-file.ts";
import { byName, loadExperiment, loadPlugins, type Plugins } from "../plugins.ts";
import { progressView } from "../progress.ts";
import { onSignals } from "../signals.ts";
import { repeatOf, runRepeated } from "./repeat.ts";

export interface RunOptions extends ClusterChoice {
  readonly seed: string | undefined;
  readonly keep: boolean;
  /** Where clients reach the service, as it was written. */
  readonly url: string | undefined;
  /** SHA-256 of the plan that is meant, as it was written. */
  readonly planHash: string | undefined;
  /** Where live metrics are served on loopback, as it was written; undefined: nowhere. */
  readonly metricsPort: string | undefined;
}

export interface ExperimentOptions extends RunOptions, PatchOptions {
  /** Runs at most, until it is decided, as it was written; undefined: one. */
  readonly repeat: string | undefined;
}

/** `http://host:port` is `host:port`. Throws with exit 3. */
function addressIn(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const plain = parsed?.protocol === "http:" && ["", "/"].includes(parsed.pathname + parsed.search);
  if (parsed === null || !plain || parsed.username !== "") {
    throw new NinetyError(`--url must be http://<host>[:<port>], got ${url}`, {
      exit: EXIT.usage,
      hint: "the path is that of the load's request",
    });
  }
  return parsed.port === "" ? `${parsed.hostname}:80` : parsed.host;
}

const DEFAULT_EXPERIMENT = "gpu-loss";

/** The seed that was asked for, or a new one. Throws with exit 3. */
export function chosenSeed(seed: string | undefined): string {
  const chosen = seed ?? process.env["NINETY_SEED"] ?? randomBytes(4).toString("hex");
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(chosen)) {
    throw new NinetyError(`seed must be 1 to 64 of A-Z a-z 0-9 . _ -, got ${chosen}`, {
      exit: EXIT.usage,
    });
  }
  return chosen;
}

/** An experiment's file to its plan: every problem at once, and nothing is touched. */
export async function planned(
  file: string | undefined,
  {
    seed,
    context,
    image,
    plugins,
    patches = [],
  }: {
    seed: string | undefined;
    context: string | undefined;
    image: string | undefined;
    plugins: Plugins;
    /** Applied to the experiment's stack. */
    patches?: readonly StackPatch[];
  },
): Promise<{ readonly plan: Plan; readonly reading: Reading }> {
  const { name, loaded } = await loadExperiment(file ?? DEFAULT_EXPERIMENT);
  const reading = patched(readExperiment(name, loaded), patches);
  const chosen = chosenSeed(seed);
  const always = plugins.checks.filter((check) => check.always === true);
  const parts = addOns(reading, whereOf({ context, image }));
  return { reading, plan: makePlan(reading, chosen, { always, addOns: parts }) };
}

/** An INVALID run is tried once more; both stay on disk. */
const TRIES_MAX = 2;
/** Archives are read whole for their digests. */
const IMAGES_WITHIN_MS = 10 * 60_000;

export interface Job {
  readonly plan: Plan;
  readonly reading: Reading;
  readonly plugins: Plugins;
  readonly options: RunOptions;
  readonly out: Output;
  readonly metrics: MetricsServer | null;
}

export async function run(
  file: string | undefined,
  options: ExperimentOptions,
  out: Output,
): Promise<ExitCode> {
  const plugins = await loadPlugins();
  const patches = await patchesNamed(options);
  const made = await planned(file, { ...options, plugins, patches });
  const most = repeatOf(options, made.plan.seed);
  refuseOtherPlan(made.plan, options.planHash);
  const images = made.plan.cluster.images ?? [];
  await checkImages(options, images, AbortSignal.timeout(IMAGES_WITHIN_MS));
  const { metricsPort } = options;
  const metrics =
    metricsPort === undefined ? null : await serveMetrics(metricsPort, (text) => out.tell(text));
  try {
    const job = { ...made, plugins, options, out, metrics };
    if (most > 1) return await runRepeated(job, { most, runJob });
    return (await runJob(job)).exit;
  } finally {
    metrics?.close();
  }
}

export interface JobEnd {
  readonly exit: ExitCode;
  /** Null: it ended before anything was measured. */
  readonly judged: Judged | null;
  readonly invalidTries: readonly InvalidTry[];
  /** What a signal asked for, also one that came while the run was judged: no other may begin. */
  readonly interrupted: ExitCode | null;
}

/** One run, and one more where that was INVALID. */
async function runJob(job: Job): Promise<JobEnd> {
  const { out } = job;
  const invalidTries: InvalidTry[] = [];
  for (let nth = 1; ; nth += 1) {
    const { exit, judged, interrupted } = await runOnce(job, invalidTries);
    const mayGoOn = nth < TRIES_MAX && interrupted === null;
    const again = mayGoOn && exit === EXIT.unknown && judged && isInvalid(judged);
    if (!again) {
      if (judged) tellJudged(judged, job, invalidTries);
      return { exit, judged, invalidTries, interrupted };
    }
    const why = judged.verdict.findings
      .filter(({ outcome }) => outcome === "unknown")
      .map(({ what, observed }) => `${what}: ${showMeasured(observed)}`);
    invalidTries.push({ folder: judged.folder, why });
    out.tell(["INVALID, and tried once more:", ...why.map((one) => `  ${one}`)].join("\n"));
  }
}

export interface InvalidTry {
  readonly folder: string;
  readonly why: readonly string[];
}

/** The steady phase or the load was not what was planned: nothing about the service follows. */
function isInvalid({ measurement, verdict }: Judged): boolean {
  return (
    measurement.completeness.runComplete &&
    verdict.findings.some(
      ({ check, outcome }) =>
        outcome === "unknown" && (check === "steady-clean" || check === "load-held"),
    )
  );
}

function tellJudged(
  judged: Judged,
  { plugins, out }: Job,
  invalidTries: readonly InvalidTry[],
): void {
  const folder = relative(process.cwd(), judged.folder);
  const { experiment, seed } = judged.verdict;
  // A page of findings that nothing could be measured would hide why.
  const measured = judged.measurement.phases.some(({ phase }) => phase === "steady");
  const tries = invalidTries.flatMap((one) => [
    `  an earlier try was INVALID: ${relative(process.cwd(), one.folder)}`,
    ...one.why.map((line) => `    ${line}`),
  ]);
  const shown = measured
    ? rendered({ ...judged, folder }, plugins, "console")
    : `${experiment}  seed ${seed}: ended before anything was measured; its record: ${folder}`;
  out.result(tries.length === 0 ? shown : [shown.trimEnd(), ...tries, ""].join("\n"));
  out.object({ ...(JSON.parse(rendered(judged, plugins, "json")) as object), invalidTries });
}

/** One run with its record and reports; `judged` null: it ended before anything was measured. */
async function runOnce(
  job: Job,
  earlier: readonly InvalidTry[],
): Promise<Omit<JobEnd, "invalidTries">> {
  const { plan: made, out } = job;
  const startedAt = new Date();
  const folder = join(runsRoot(), made.experiment, `${utcStamp(startedAt)}-${made.seed}`);
  const hash = planSha256(made);
  const head = `${made.experiment}  seed ${made.seed}  ${relative(process.cwd(), folder)}`;
  out.tell(`${head}  plan ${hash}`);
  const monotonicStartUs = monotonicUs();
  const clock = realClock(monotonicStartUs);
  const log = await openRunLog(folder, clock);
  const view = progressView({ plan: made, log, clock });
  const metrics = job.metrics ? new RunMetrics({ plan: made, log, clock }) : null;
  if (metrics) job.metrics?.show(() => metrics.text());
  const lease = (id: StepId): Lease | null => leaseOfStep(id, job);
  const signals = onSignals({ log, clock, lease, say: (line) => view.say(line) });
  const system = await composeSystem({
    plugins: job.plugins,
    reading: job.reading,
    choice: job.options,
    planSha256: hash,
    address: addressIn(job.options.url),
    keep: job.options.keep,
    log,
    clock,
    progress: view.step,
    folder,
    startedAt,
    monotonicStartUs,
  });
  const ended = await runPlan(made, system, createCrew(clock, signals.stop));
  view.stop();
  const written = await log.close(system.loadComplete()).then(
    () => null,
    (error: unknown) => messageOf(error),
  );
  if (written !== null) out.tell(`error: the record could not be written: ${written}`);
  const concluded = await conclude({ ended, interrupted: signals.caught(), folder, job, earlier });
  const interrupted = signals.caught();
  signals.end();
  if (metrics) await keepMetrics(metrics, { judged: concluded.judged, log, out });
  return { ...concluded, interrupted };
}

/** What was told last stays beside the record; one that cannot be kept changes no verdict. */
async function keepMetrics(
  metrics: RunMetrics,
  of: { readonly judged: Judged | null; readonly log: RunLog; readonly out: Output },
): Promise<void> {
  metrics.end(of.judged);
  try {
    await of.log.artifact("metrics.prom", await metrics.text());
  } catch (error) {
    of.out.tell(`error: metrics.prom could not be written: ${messageOf(error)}`);
  }
}

/** How long a step's effects live without us, were it to begin now. */
function leaseOfStep(id: StepId, { plan, plugins, reading }: Job): Lease | null {
  const step = plan.steps.find((one) => one.id === id);
  if (!step || step.healMs === null) return null;
  const faults = byName("fault", [...reading.definitions.faults, ...plugins.faults]);
  const of = { plan, ...cutsIn(plan, faults), leasing: LEASING };
  return leaseOf(step, step.healMs - step.injectMs, of);
}

async function conclude(of: {
  readonly ended: RunEnd;
  readonly interrupted: ExitCode | null;
  readonly folder: string;
  readonly job: Job;
  readonly earlier: readonly InvalidTry[];
}): Promise<{ readonly exit: ExitCode; readonly judged: Judged | null }> {
  const { ended, interrupted, folder, job, earlier } = of;
  const { plugins, out } = job;
  const codes: ExitCode[] = [];
  for (const id of ended.unhealed) {
    out.tell(`STILL DISTURBED: ${id}; run: npx ninety heal ${folder}`);
    codes.push(EXIT.healFailed);
  }
  if (interrupted !== null) codes.push(interrupted);
  else if (ended.failure) codes.push(explain(ended.failure.error, false));
  if (ended.failure?.phase === "preflight") {
    // Nothing was touched and nothing measured: there is no verdict to give.
    const error = messageOf(ended.failure.error);
    out.object({ folder, exit: worstExit(codes), error, invalidTries: earlier });
    return { exit: worstExit(codes), judged: null };
  }
  const judged = await judgeFolder(folder, plugins);
  await writeReports(judged, plugins);
  return { exit: worstExit([...codes, exitOf(judged.verdict.outcome)]), judged };
}
