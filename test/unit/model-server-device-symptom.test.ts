import { expect, test } from "vitest";
import { type DeviceState, okDevice } from "../../src/model/device.ts";
import {
  distorted,
  feltState,
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
  expect(run("silent-loss").do).toBe("delay");
  expect(run("wrong-answers").do).toBe("distort");
  expect(run("sticky-error")).toMatchObject({ do: "fail", code: "INTERNAL", poisons: true });
  expect(run("out-of-memory", 4)).toEqual({ do: "nothing" });
  expect(run("out-of-memory", 5)).toMatchObject({ do: "fail", poisons: false });
});

test("what a load meets: a lost device is gone, a failing one poisons nothing yet", () => {
  expect(load("ok")).toEqual({ do: "nothing" });
  expect(load("crash")).toMatchObject({ do: "fail", deviceGone: true });
  expect(load("sticky-error")).toMatchObject({ do: "fail", poisons: false, deviceGone: false });
  expect(load("hang").do).toBe("block");
  expect(load("out-of-memory")).toEqual({ do: "nothing" });
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
