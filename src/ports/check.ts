import type { Fields, Read, Written } from "../model/fields.ts";
import type { Measurement } from "../model/measurement.ts";
import type { Finding } from "../model/verdict.ts";

/** A pure judgement of a measurement: one file in src/checks. A throw is an unknown finding. */
export interface CheckDefinition<F extends Fields> {
  readonly name: string;
  readonly about: string;
  readonly params: F;
  /** On every run without being listed. */
  readonly always?: boolean;
  readonly problems?: (params: Read<F>) => readonly string[];
  readonly judge: (measurement: Measurement, params: Read<F>) => readonly Finding[];
}

export interface AnyCheck {
  readonly name: string;
  readonly about: string;
  readonly params: Fields;
  readonly always?: boolean;
  readonly problems?: (params: never) => readonly string[];
  readonly judge: (measurement: Measurement, params: never) => readonly Finding[];
}

/** What an author lists under `expect`. */
export interface Check {
  readonly check: string;
  readonly options: object;
  readonly definition: AnyCheck;
}

export function defineCheck<F extends Fields>(
  definition: CheckDefinition<F>,
): ((options: Written<F>) => Check) & { readonly definition: AnyCheck } {
  const make = (options: object): Check => ({ check: definition.name, options, definition });
  return Object.assign(make, { definition });
}
