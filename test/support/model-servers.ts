import { afterEach, beforeEach } from "vitest";
import { ModelServerProcess, removeFolder, serverFolder } from "./model-server.ts";

/** The servers of a test file: each test has a folder of its own and leaves no process behind. */
export function modelServers(versions: readonly number[]): {
  /** Of the test that runs. */
  readonly folder: string;
  readonly start: (
    env?: Readonly<Record<string, string>>,
    options?: { listens?: boolean },
  ) => Promise<ModelServerProcess>;
} {
  let folder = "";
  const started: ModelServerProcess[] = [];
  beforeEach(async () => {
    folder = await serverFolder(versions);
  });
  afterEach(async () => {
    for (const server of started.splice(0)) {
      server.process.kill("SIGKILL");
      await server.process.ended;
    }
    await removeFolder(folder);
  });
  return {
    get folder() {
      return folder;
    },
    start: async (env, options) => {
      const server = await ModelServerProcess.start(folder, env, options);
      started.push(server);
      return server;
    },
  };
}
