/** The module that binaries/k6-record adds to k6. */
declare module "k6/x/record" {
  /**
   * Takes up the iteration's request: `"new"` gives it a TCP connection of its own. Returns the
   * number of the iteration within its scenario, or -1 where nothing more may be sent.
   */
  export function begin(connection: "new" | "reused"): number;
  /** k6's error code (0: none), and whether the content was right. */
  export function end(code: number, content: "ok" | "bad"): void;
}
