// What several faults on GPUs read in a holder's answers. Pure.
import { isJsonText } from "../model/json.ts";
import type { Ms } from "../model/quantity.ts";
import type { Answer } from "./witness.ts";

/** The same prediction in another batch may differ in its last digits. */
const SAME_WITHIN = 1e-3;

const isRight = ({ answered, status }: Answer): boolean => answered && status === 200;

/** All numbers of the answers, which must be the same ones each time; null: they are not. */
export function numbersOf(answers: readonly Answer[], times: number): readonly number[] | null {
  const all = answers.filter(isRight).map(({ body }) => numbersIn(body));
  const [first] = all;
  if (first === undefined || first.length === 0 || all.length < times) return null;
  return all.every((each) => areSame(first, each)) ? first : null;
}

function numbersIn(body: string): readonly number[] {
  const numbers: number[] = [];
  const walk = (value: unknown): void => {
    if (typeof value === "number") numbers.push(value);
    if (typeof value === "object" && value !== null) Object.values(value).forEach(walk);
  };
  if (isJsonText(body)) walk(JSON.parse(body));
  return numbers;
}

/** As many numbers, and each as good as the same. */
export function areSame(some: readonly number[], others: readonly number[]): boolean {
  return (
    some.length === others.length &&
    some.every((one, nth) => {
      const other = others[nth] ?? NaN;
      return Math.abs(one - other) <= SAME_WITHIN * Math.max(1, Math.abs(one), Math.abs(other));
    })
  );
}

/** From ask to answer, in the middle of so many; null: not all of them were answered with 200. */
export function middleMsOf(answers: readonly Answer[], times: number): Ms | null {
  const taken = answers.filter(isRight).map(({ tookMs }) => tookMs);
  if (taken.length < times) return null;
  return taken.toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? null;
}

/** What is not the device's own takes as long as before: the whole answer is less slow than it. */
export function slowerRatioMin(factor: number): number {
  return factor < 4 ? 1.5 : 2;
}

/** Whether one of the answers is an error in such words. */
export function failsWith(answers: readonly Answer[], words: RegExp): boolean {
  return answers.some(
    ({ answered, status, body }) => answered && status >= 400 && words.test(body),
  );
}
