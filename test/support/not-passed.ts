/** Findings that decided a verdict, and not for it: what was only foreseen or noted is left out. */
export function notPassed<F extends { readonly outcome: string }>(all: readonly F[]): readonly F[] {
  return all.filter(({ outcome }) => !["pass", "predicted", "noted"].includes(outcome));
}
