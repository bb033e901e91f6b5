import type { Server } from "node:net";

import type { EffectKind } from "../model/effect.ts";
import { messageOf } from "../model/error.ts";
import { Holder } from "./holder.ts";
import { Journal } from "./journal.ts";
import { answersAt, serveHolder } from "./line-server.ts";

/**
 * The life of a holder as a process: recover, listen, hold; at SIGTERM release everything, then end
 * (code 1 when something could not be undone: it stays in the journal for the next one).
 */
export async function runHolder(of: {
  readonly name: string;
  readonly socketPath: string;
  readonly journalFolder: string;
  readonly kinds: readonly EffectKind[];
  readonly releaseMaxMs: number;
}): Promise<void> {
  const tell = (message: string): void => {
    process.stderr.write(`${of.name}: ${message}\n`);
  };
  if (await answersAt(of.socketPath)) {
    throw new Error(`${of.name}: ${of.socketPath} must be free, got a holder that listens there`);
  }
  const journal = new Journal(of.journalFolder);
  const holder = new Holder({ journal, kinds: of.kinds, releaseMaxMs: of.releaseMaxMs, tell });
  let server: Server | null = null;
  let ending = false;
  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    server?.close();
    const failures = await holder.close().catch((error: unknown) => [messageOf(error)]);
    for (const failure of failures) tell(`still disturbed: ${failure}`);
    process.exit(failures.length === 0 ? 0 : 1);
  };
  process.on("SIGTERM", () => void end());
  process.on("SIGINT", () => void end());
  server = await serveHolder(of.socketPath, holder);
  tell(`holds ${of.kinds.join(", ")} at ${of.socketPath}`);
}
