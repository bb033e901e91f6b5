import { stableText } from "./json.ts";
import type { Measured } from "./measured.ts";
import type { StackPatch } from "./plan.ts";
import { showMs } from "./quantity.ts";
import type { Finding } from "./verdict.ts";

/** A number the way people read it: three significant digits, no exponent in the usual range. */
export function showNumber(value: number): string {
  if (value === 0 || Number.isInteger(value)) return value.toLocaleString("en-US");
  const size = Math.abs(value);
  if (size < 1e-6) return value.toExponential(1);
  return size >= 1_000
    ? Math.round(value).toLocaleString("en-US")
    : String(Number(value.toPrecision(3)));
}

function showIn(unit: Measured["unit"], value: number): string {
  switch (unit) {
    case "ms":
      return showMs(value);
    case "us":
      return showMs(value / 1_000);
    case "ratio":
      return `${showPercent(value)} %`;
    case "rps":
      return `${showNumber(value)}/s`;
    case "count":
      return showNumber(value);
    case "times":
      return `${showNumber(value)}×`;
  }
}

/** Keeps the nines apart: 0.99951 is 99.951, 0.9 is 90. */
function showPercent(value: number): string {
  const percent = value * 100;
  if (percent > 99 && percent < 100) {
    const digits = Math.min(6, 2 + Math.ceil(-Math.log10(100 - percent + 1e-9)));
    return String(Number(percent.toFixed(Math.max(1, digits))));
  }
  return showNumber(percent);
}

/** `1.9 s [1.8 s, 2 s]`, `more than 60 s`, `not measured: why`. */
export function showMeasured(measured: Measured): string {
  const ends = endsOf(measured);
  return ends ? `${showPoint(measured)} [${ends.join(", ")}]` : showPoint(measured);
}

/** Null where there are none, or both read as the point does. */
function endsOf(measured: Measured): readonly [low: string, high: string] | null {
  if (measured.is !== "value") return null;
  const { unit, value, low, high } = measured;
  const [point, from, to] = [value, low, high].map((one) => showIn(unit, one));
  if (from === undefined || to === undefined) return null;
  return from === point && to === point ? null : [from, to];
}

/** The same without its interval. */
export function showPoint(measured: Measured): string {
  switch (measured.is) {
    case "absent":
      return `not measured: ${measured.why}`;
    case "beyond":
      return `more than ${showIn(measured.unit, measured.low)}`;
    case "value":
      return showIn(measured.unit, measured.value);
  }
}

/** `1.8 s to 2 s`; "" where there is no interval to tell. */
export function showInterval(measured: Measured): string {
  return endsOf(measured)?.join(" to ") ?? "";
}

/** `at most 20 s`, `at least 90 %`. */
export function showLimit(finding: Finding): string {
  const { limit, observed } = finding;
  return "max" in limit
    ? `at most ${showIn(observed.unit, limit.max)}`
    : `at least ${showIn(observed.unit, limit.min)}`;
}

/** A run's folder as it is seen from where `reports` is: the same text wherever that lies. */
export function showFolder(folder: string): string {
  const at = folder.lastIndexOf("reports/runs/");
  return at === -1 ? folder : folder.slice(at);
}

/** `Deployment/server: add /spec/x = 1`, an operation a line. */
export function showPatch({ kind, name, operations }: StackPatch): readonly string[] {
  return operations.map((one) => {
    const value = "value" in one ? ` = ${stableText(one.value)}` : "";
    return `${kind}/${name}: ${one.op} ${one.path}${value}`;
  });
}
