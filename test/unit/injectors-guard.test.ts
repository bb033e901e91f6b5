import { describe, expect, test } from "vitest";
import { guardInjector } from "../../src/injectors/guard.ts";

describe("what the guard accepts", () => {
  const injector = guardInjector({
    socketPath: "/nowhere",
    machines: ["n1"],
    components: ["etcd"],
    monotonicStartUs: 0,
  });

  test.each([
    [{ kind: "reboot", node: "n1" }, "means"],
    [{ kind: "reboot", node: "n9" }, "refused"],
    [{ kind: "component-stop", component: "etcd" }, "means"],
    [{ kind: "component-kill", component: "etcd" }, "means"],
    [{ kind: "component-stop", component: "kube-scheduler" }, "refused"],
    [{ kind: "program-stop", node: "n1", program: "kubelet" }, "refused"],
  ] as const)("%j: %s", (effect, answer) => {
    expect(injector.accepts(effect)).toHaveProperty(answer);
  });

  test("tells which components it has", () => {
    expect(injector.accepts({ kind: "component-stop", component: "kube-apiserver" })).toEqual({
      refused: "component must be one of etcd, got kube-apiserver",
    });
  });
});
