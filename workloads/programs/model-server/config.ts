import { DEVICE_ENV, DEVICE_MOUNT } from "../../../src/model/device.ts";
import { Environment } from "../shared/environment.ts";

/** All settings of the server, from environment variables; each has the default given here. */
export interface Config {
  /** MODEL_NAME, "mlp". */
  readonly modelName: string;
  /** MODEL_BASE_PATH: the folder with the numbered version folders. */
  readonly basePath: string;
  /** MODEL_VERSION: serve this one only; 0 is the latest. Default 0. */
  readonly onlyVersion: number;
  /**
   * MODEL_CONFIG_FILE, "": TensorFlow Serving's model_config_list as JSON; it says in place of the
   * two before what is served, and is read again at every look.
   */
  readonly modelConfigFile: string;
  /** MODEL_POLL_MS, 1000: how often the base path is looked at. */
  readonly pollMs: number;
  /** PORT, 8501; 0 takes any free one. HOST, "::" (both families). */
  readonly port: number;
  readonly host: string;
  /** POD_NAME and NODE_NAME, "". */
  readonly podName: string;
  readonly nodeName: string;
  /** STRICT, false: TensorFlow Serving's own start-up. */
  readonly strict: boolean;
  /** LOAD_DELAY_MS, 0: how much longer a load takes. */
  readonly loadDelayMs: number;
  /** LOAD_RETRIES, 5, and LOAD_RETRY_MS, 60000: TensorFlow Serving's. */
  readonly loadRetries: number;
  readonly loadRetryMs: number;
  /** LOAD_LIMIT_MS, 120000: not strict: a load that takes longer has failed. */
  readonly loadLimitMs: number;
  /** WARMUP_INFERENCES, 16: before a version is available. */
  readonly warmupInferences: number;
  /**
   * CANARY_DEADLINE_MS, 1000; CANARY_REUSE_MS, 1000; CANARY_IDLE_MS, 2000: runs when idle so long.
   */
  readonly canaryDeadlineMs: number;
  readonly canaryReuseMs: number;
  readonly canaryIdleMs: number;
  /** LIVE_LIMIT_MS, 15000: not live without a success for so long. */
  readonly liveLimitMs: number;
  /** WATCHDOG, false, and WATCHDOG_MISSES, 3: ends the process after so many missed canaries. */
  readonly watchdog: boolean;
  readonly watchdogMisses: number;
  /** QUEUE_MAX, 128: more waiting requests are shed. */
  readonly queueMax: number;
  /** REQUEST_DEADLINE_MS, 30000: a request that waited longer is not run any more. */
  readonly requestDeadlineMs: number;
  /**
   * JOIN_ROWS_MAX, 0, and JOIN_DELAY_MS, 5: requests that wait are joined into runs of so many
   * rows, and wait so long for more; 0 rows: each request is a run of its own.
   */
  readonly joinRowsMax: number;
  readonly joinDelayMs: number;
  /** BATCH_MAX, 256 rows of a request; BODY_MAX, 1 MiB. */
  readonly batchMax: number;
  readonly bodyMaxBytes: number;
  /** DRAIN_GRACE_MS, 8000, and DRAIN_QUIET_MS, 2000 without a request. */
  readonly drainGraceMs: number;
  readonly drainQuietMs: number;
  /** Ids from Allocate; none: there is no device layer. */
  readonly devices: readonly string[];
  /** DEVICE_FOLDER: where the folders of the devices are. */
  readonly deviceFolder: string;
  /**
   * SLOW_FACTOR, 10, where the device names none, times the longer of the call and
   * SLOW_BASE_MS, 10.
   */
  readonly slowFactor: number;
  readonly slowBaseMs: number;
  /** OOM_ROWS_MAX, 4: larger batches do not fit when the device is out of memory. */
  readonly oomRowsMax: number;
  /** TERMINATION_LOG, "/dev/termination-log". */
  readonly terminationLog: string;
}

/** Throws a NinetyError with every problem at once. */
export function readConfig(variables: Readonly<Record<string, string | undefined>>): Config {
  const read = new Environment(variables);
  const config: Config = {
    modelName: read.text("MODEL_NAME", "mlp"),
    basePath: read.text("MODEL_BASE_PATH", new URL("../../models/mlp", import.meta.url).pathname),
    onlyVersion: read.count("MODEL_VERSION", 0, 0, 2 ** 31),
    modelConfigFile: read.text("MODEL_CONFIG_FILE", ""),
    pollMs: read.count("MODEL_POLL_MS", 1_000, 10, 600_000),
    port: read.count("PORT", 8501, 0, 65_535),
    host: read.text("HOST", "::"),
    podName: read.text("POD_NAME", ""),
    nodeName: read.text("NODE_NAME", ""),
    strict: read.flag("STRICT", false),
    loadDelayMs: read.count("LOAD_DELAY_MS", 0, 0, 3_600_000),
    loadRetries: read.count("LOAD_RETRIES", 5, 0, 1_000),
    loadRetryMs: read.count("LOAD_RETRY_MS", 60_000, 1, 3_600_000),
    loadLimitMs: read.count("LOAD_LIMIT_MS", 120_000, 100, 3_600_000),
    warmupInferences: read.count("WARMUP_INFERENCES", 16, 0, 10_000),
    canaryDeadlineMs: read.count("CANARY_DEADLINE_MS", 1_000, 10, 60_000),
    canaryReuseMs: read.count("CANARY_REUSE_MS", 1_000, 0, 60_000),
    canaryIdleMs: read.count("CANARY_IDLE_MS", 2_000, 50, 600_000),
    liveLimitMs: read.count("LIVE_LIMIT_MS", 15_000, 100, 3_600_000),
    watchdog: read.flag("WATCHDOG", false),
    watchdogMisses: read.count("WATCHDOG_MISSES", 3, 1, 100),
    queueMax: read.count("QUEUE_MAX", 128, 1, 65_536),
    requestDeadlineMs: read.count("REQUEST_DEADLINE_MS", 30_000, 10, 600_000),
    joinRowsMax: read.count("JOIN_ROWS_MAX", 0, 0, 65_536),
    joinDelayMs: read.count("JOIN_DELAY_MS", 5, 0, 60_000),
    batchMax: read.count("BATCH_MAX", 256, 1, 65_536),
    bodyMaxBytes: read.count("BODY_MAX", 2 ** 20, 64, 2 ** 28),
    drainGraceMs: read.count("DRAIN_GRACE_MS", 8_000, 0, 600_000),
    drainQuietMs: read.count("DRAIN_QUIET_MS", 2_000, 0, 600_000),
    devices: deviceIds(variables[DEVICE_ENV]),
    deviceFolder: read.text("DEVICE_FOLDER", DEVICE_MOUNT),
    slowFactor: read.count("SLOW_FACTOR", 10, 1, 10_000),
    slowBaseMs: read.count("SLOW_BASE_MS", 10, 0, 60_000),
    oomRowsMax: read.count("OOM_ROWS_MAX", 4, 1, 65_536),
    terminationLog: read.text("TERMINATION_LOG", "/dev/termination-log"),
  };
  read.check();
  return config;
}

/** `void`, `none` and `all` are words of the real container runtime, not devices of ours. */
function deviceIds(text: string | undefined): readonly string[] {
  const ids = (text ?? "").split(",").filter((id) => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(id));
  return ids.filter((id) => !["void", "none", "all"].includes(id));
}
