import assert from "node:assert/strict";
import { at, textAt, type KubeObject } from "../model/json.ts";
import { ApiError, type Api, type WatchChange } from "../ports/api.ts";

/** One rule that every implementation keeps; throws where it does not. */
export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

const WITHIN_MS = 10_000;
const EVERY_MS = 20;

/**
 * What an Api must do, against any cluster: works with config maps of its own in one namespace that
 * exists, and removes them.
 */
export function apiContract(api: Api, namespace: string): readonly ContractCase[] {
  const here = new Here(api, namespace);
  return [
    { name: "get is null where nothing is", run: () => getsNull(here) },
    { name: "apply creates, then changes, and answers what is held", run: () => applies(here) },
    { name: "apply takes a field from another manager", run: () => takesOver(here) },
    { name: "list gives every item with its kind", run: () => lists(here) },
    { name: "call answers a refusal without throwing", run: () => answers(here) },
    { name: "an error names method, path and status", run: () => names(here) },
    { name: "watch tells what is there as stale and then every change", run: () => watches(here) },
    { name: "watch ends with its signal", run: () => ends(here) },
    { name: "a caller's abort is the caller's reason", run: () => aborts(here) },
  ];
}

/** Config maps of one case. */
class Here {
  readonly api: Api;
  readonly folder: string;
  #count = 0;

  constructor(api: Api, namespace: string) {
    this.api = api;
    this.folder = `api/v1/namespaces/${namespace}/configmaps`;
  }

  make(step: string): KubeObject {
    this.#count += 1;
    return this.object(`contract-${process.pid}-${this.#count}`, step);
  }

  object(name: string, step: string): KubeObject {
    const namespace = this.folder.split("/")[3] ?? "";
    const labels = { "ninety/contract": "api" };
    return {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace, labels },
      data: { step },
    };
  }

  async remove(object: KubeObject): Promise<number> {
    const path = `${this.folder}/${object.metadata.name}`;
    return (await this.api.call({ method: "DELETE", path })).status;
  }
}

async function getsNull({ api, folder }: Here): Promise<void> {
  assert.equal(await api.get(`${folder}/not-there`), null);
}

async function applies(here: Here): Promise<void> {
  const object = here.make("1");
  const held = await here.api.apply(object);
  assert.notEqual(textAt(held, "metadata", "uid"), "");
  const changed = await here.api.apply(here.object(object.metadata.name, "2"));
  assert.equal(textAt(changed, "data", "step"), "2");
  assert.equal(textAt(changed, "metadata", "uid"), textAt(held, "metadata", "uid"));
  const read = await here.api.get(`${here.folder}/${object.metadata.name}`);
  assert.equal(textAt(read, "data", "step"), "2");
  assert.equal(await here.remove(object), 200);
  assert.equal(await here.api.get(`${here.folder}/${object.metadata.name}`), null);
}

async function takesOver(here: Here): Promise<void> {
  const object = here.make("theirs");
  const other = {
    method: "PATCH",
    path: `${here.folder}/${object.metadata.name}?fieldManager=somebody`,
    body: object as never,
    contentType: "application/apply-patch+yaml",
  } as const;
  assert.equal((await here.api.call(other)).status, 201);
  const ours = await here.api.apply(here.object(object.metadata.name, "ours"));
  assert.equal(textAt(ours, "data", "step"), "ours");
  assert.equal((await here.api.call(other)).status, 409);
  await here.remove(object);
}

async function lists(here: Here): Promise<void> {
  const objects = [here.make("a"), here.make("b")];
  for (const object of objects) await here.api.apply(object);
  const found = await here.api.list(`${here.folder}?labelSelector=ninety%2Fcontract%3Dapi`);
  const names = found.map((one) => one.metadata.name).sort();
  assert.deepEqual(names, objects.map((one) => one.metadata.name).sort());
  assert.ok(found.every((one) => one.kind === "ConfigMap" && one.apiVersion === "v1"));
  for (const object of objects) await here.remove(object);
}

async function answers({ api, folder }: Here): Promise<void> {
  const gone = await api.call({ method: "DELETE", path: `${folder}/not-there` });
  assert.equal(gone.status, 404);
  assert.equal(at(JSON.parse(gone.body), "reason"), "NotFound");
  const wrong = await api.call({ method: "POST", path: folder, body: { kind: "ConfigMap" } });
  assert.ok(wrong.status >= 400 && wrong.status < 500, `got ${wrong.status}`);
}

async function names(here: Here): Promise<void> {
  const wrong = here.object("Not_A_Name", "");
  await assert.rejects(here.api.apply(wrong), (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.status, 422);
    for (const part of ["PATCH", here.folder, "422", "Not_A_Name"]) {
      assert.ok(error.message.includes(part), `${part} is missing in: ${error.message}`);
    }
    return true;
  });
}

async function watches(here: Here): Promise<void> {
  const first = here.make("1");
  await here.api.apply(first);
  const seen = new Seen(here);
  try {
    await seen.until(() => seen.of(first).length === 1);
    assert.deepEqual(seen.of(first), ["ADDED stale 1"]);
    const second = here.make("1");
    await here.api.apply(second);
    await here.api.apply(here.object(first.metadata.name, "2"));
    await here.remove(first);
    await seen.until(() => seen.of(first).length === 3 && seen.of(second).length === 1);
    assert.deepEqual(seen.of(first), ["ADDED stale 1", "MODIFIED 2", "DELETED 2"]);
    assert.deepEqual(seen.of(second), ["ADDED 1"]);
    await here.remove(second);
  } finally {
    await seen.end();
  }
  assert.deepEqual(seen.gaps, []);
}

async function ends(here: Here): Promise<void> {
  const seen = new Seen(here);
  const object = here.make("1");
  await here.api.apply(object);
  await seen.until(() => seen.of(object).length === 1);
  await seen.end();
  await here.remove(object);
  assert.deepEqual(seen.of(object).length, 1);
}

async function aborts({ api, folder }: Here): Promise<void> {
  const stop = new AbortController();
  const why = new Error("enough");
  const asked = api.list(folder, stop.signal);
  stop.abort(why);
  await assert.rejects(asked, (error) => error === why);
  await assert.rejects(api.get(folder, stop.signal), (error) => error === why);
}

/** What one watch told, per object, as short texts. */
export class Seen {
  readonly gaps: { readonly why: string; readonly blindMs: number }[] = [];
  readonly #changes: WatchChange[] = [];
  readonly #stop = new AbortController();
  readonly #watch: Promise<void>;

  constructor(of: { readonly api: Api; readonly folder: string }) {
    const on = {
      take: (change: WatchChange) => void this.#changes.push(change),
      gap: (why: string, blindMs: number) => void this.gaps.push({ why, blindMs }),
    };
    this.#watch = of.api.watch(of.folder, on, this.#stop.signal);
  }

  of(object: KubeObject): readonly string[] {
    return this.#changes
      .filter((change) => change.object.metadata.name === object.metadata.name)
      .map(({ type, object, stale }) =>
        [type, ...(stale ? ["stale"] : []), textAt(object, "data", "step")].join(" "),
      );
  }

  async until(done: () => boolean): Promise<void> {
    const untilMs = performance.now() + WITHIN_MS;
    while (!done()) {
      assert.ok(performance.now() < untilMs, `not seen within ${WITHIN_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#watch;
  }
}
