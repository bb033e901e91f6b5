import { EXIT, NinetyError } from "../model/error.ts";
import type { PlannedStep } from "../model/plan.ts";
import {
  showTarget,
  type CountedKind,
  type LinkEnd,
  type Pick,
  type Target,
} from "../model/target.ts";
import type { Inventory, InventoryPod } from "./inventory.ts";

/**
 * The things that a step meets, drawn by its slots from what is there now; same slots and same
 * placement, same targets. Throws on fewer than asked, with what was found.
 */
export function resolve(step: PlannedStep, inventory: Inventory): readonly Target[] {
  const { on, slots } = step;
  if (on.kind === "cluster") return [on];
  if (on.kind !== "link") return draw(step, on, slots, inventory);
  const fromCount = on.from.count === "all" ? 0 : on.from.count;
  const from = draw(step, on.from, slots.slice(0, fromCount), inventory);
  const to = draw(step, on.to, slots.slice(fromCount), inventory);
  return [{ kind: "link", from: endsOf(from, inventory), to: endsOf(to, inventory) }];
}

function endsOf(targets: readonly Target[], { pods }: Inventory): readonly LinkEnd[] {
  const addresses = new Map(
    Object.values(pods).flatMap((of) => of.map((one) => [one.target.uid, one.address] as const)),
  );
  return targets.flatMap((target) =>
    target.kind === "pod" ? [{ ...target, address: addresses.get(target.uid) ?? "" }] : [],
  );
}

function draw(
  step: PlannedStep,
  pick: Pick<CountedKind>,
  slots: readonly number[],
  inventory: Inventory,
): readonly Target[] {
  const found = candidates(pick, inventory);
  const asked = pick.count === "all" ? 1 : pick.count;
  if (found.length < asked) {
    throw new NinetyError(
      `${step.id} ${step.fault} must meet ${pick.count} ${pick.kind}s of ${pick.part}, ` +
        `found ${found.length}: ${found.map(nameOf).join(", ") || "none is Ready"}`,
      { exit: EXIT.unknown },
    );
  }
  if (pick.count === "all") return found;
  const taken = new Set<number>();
  for (let nth = 0; nth < asked; nth += 1) {
    // The next free rank, should the drawn one be taken or beyond what is there.
    let rank = (slots[nth] ?? nth) % found.length;
    while (taken.has(rank)) rank = (rank + 1) % found.length;
    taken.add(rank);
  }
  return [...taken].flatMap((rank) => found[rank] ?? []);
}

function nameOf(target: Target): string {
  if (target.kind === "gpu") return target.device;
  return target.kind === "pod" ? target.name : showTarget(target);
}

/** All that a pick could mean, in the order of ranks: by node, then by name. */
function candidates(pick: Pick<CountedKind>, inventory: Inventory): readonly Target[] {
  const pods = (inventory.pods[pick.part] ?? []).filter(({ ready }) => ready);
  if (pick.kind === "pod") return pods.map(({ target }) => target);
  if (pick.kind === "gpu") return pods.flatMap(devicesOf);
  const names = new Set(pods.map(({ target }) => target.node));
  return [...names].map((node) => ({ kind: "node", node }));
}

/** The devices that a Ready pod holds, as targets. */
export function devicesOf({ target, devices }: InventoryPod): readonly Target<"gpu">[] {
  return devices.map((device) => ({ kind: "gpu", node: target.node, device, holder: target }));
}
