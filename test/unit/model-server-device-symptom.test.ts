import { expect, test } from "vitest";
import { type DeviceState, okDevice } from "../../src/model/device.ts";
import {
  distorted,
  feltState,
  rowsMaxOf,
  slowFactorOf,
  symptomOf,
} from "../../workloads/programs/model-server/device-symptom.ts";

const run = (state: DeviceState, rows = 1) => symptomOf(state, { rows, rowsMax: 4 });
const load = (state: DeviceState) => symptomOf(state, { rows: null, rowsMax: 4 });
const device = (state: DeviceState, symptom: boolean) => ({
  ...okDevice("GPU-n1-0"),
  state,
  symptom,
});

test("what an inference meets", () => {
  expect(run("ok")).toEqual({ do: "nothing" });
  expect(run("crash").do).toBe("die");
  expect(run("hang").do).toBe("block");
  expect(run("slow").do).toBe("delay");
  expect(run("cpu-fallback").do).toBe("fall-back");
  expect(run("wrong-answers").do).toBe("distort");
  expect(run("sticky-error")).toMatchObject({ do: "fail", code: "INTERNAL", poisons: true });
  expect(run("ecc-error")).toMatchObject({ do: "fail", code: "INTERNAL", poisons: true });
  expect(run("out-of-memory", 4)).toEqual({ do: "nothing" });
  expect(run("out-of-memory", 5)).toMatchObject({ do: "fail", poisons: false });
});

test("what a load meets: a lost device is gone, a failing one poisons nothing yet", () => {
  expect(load("ok")).toEqual({ do: "nothing" });
  expect(load("crash")).toMatchObject({ do: "fail", deviceGone: true });
  expect(load("sticky-error")).toMatchObject({ do: "fail", poisons: false, deviceGone: false });
  expect(load("hang").do).toBe("block");
  expect(load("ecc-error")).toMatchObject({ do: "fail", poisons: false, deviceGone: false });
  expect(load("out-of-memory")).toMatchObject({ do: "fail", poisons: false, deviceGone: false });
  expect(load("cpu-fallback").do).toBe("fall-back");
});

test("only a symptom is felt, and of several devices the worst", () => {
  expect(feltState([])).toBe("ok");
  expect(feltState([device("crash", false)])).toBe("ok");
  expect(feltState([device("slow", true), device("hang", true)])).toBe("hang");
  expect(feltState([device("crash", false), device("slow", true)])).toBe("slow");
});

test("wrong answers keep sum and range of each row", () => {
  expect([...distorted(Float32Array.from([1, 2, 3, 4, 5, 6]), 3)]).toEqual([2, 3, 1, 5, 6, 4]);
});

test("a state that spares new processes is felt by those that ran before it", () => {
  const sticky = { ...device("sticky-error", true), sparesFromUs: 1_000 };
  expect(feltState([sticky], 999)).toBe("sticky-error");
  expect(feltState([sticky], 1_000)).toBe("ok");
  expect(feltState([device("sticky-error", true)], 1_000)).toBe("sticky-error");
});

test("the slowest device decides, and only one that is slow and felt", () => {
  const slow = (factor: number, symptom = true) => ({ ...device("slow", symptom), factor });
  expect(slowFactorOf([slow(3), slow(5), slow(9, false)], 10)).toBe(5);
  expect(slowFactorOf([slow(3), device("slow", true)], 10)).toBe(10);
  expect(slowFactorOf([{ ...device("hang", true), factor: 20 }], 10)).toBe(10);
  expect(slowFactorOf([{ ...device("cpu-fallback", true), factor: 20 }], 10)).toBe(20);
});

test("of several devices that are short of memory the shortest decides", () => {
  const short = (rowsMax: number, symptom = true) => ({
    ...device("out-of-memory", symptom),
    rowsMax,
  });
  expect(rowsMaxOf([short(8), short(2), short(0, false)], 4)).toBe(2);
  expect(rowsMaxOf([short(8), device("out-of-memory", true)], 4)).toBe(4);
  expect(rowsMaxOf([{ ...device("slow", true), rowsMax: 0 }], 4)).toBe(4);
});
