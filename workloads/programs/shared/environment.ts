import { EXIT, NinetyError } from "../../../src/model/error.ts";

/** Reads typed values out of environment variables and collects every problem it meets. */
export class Environment {
  readonly #variables: Readonly<Record<string, string | undefined>>;
  readonly #problems: string[] = [];
  constructor(variables: Readonly<Record<string, string | undefined>>) {
    this.#variables = variables;
  }

  /** Unset and empty are the same. */
  text(name: string, fallback: string): string {
    return this.#variables[name] || fallback;
  }

  /** `true` or `false`. */
  flag(name: string, fallback: boolean): boolean {
    const text = this.#variables[name] || String(fallback);
    if (text !== "true" && text !== "false") {
      this.#problems.push(`${name} must be true or false, got ${JSON.stringify(text)}`);
    }
    return text === "true";
  }

  /** A whole number in [min, max]. */
  count(name: string, fallback: number, min: number, max: number): number {
    const text = this.#variables[name] || String(fallback);
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max) {
      this.#problems.push(
        `${name} must be a whole number from ${min} to ${max}, got ${JSON.stringify(text)}`,
      );
    }
    return value;
  }

  /** Throws all problems at once. */
  check(): void {
    if (this.#problems.length > 0) {
      throw new NinetyError(this.#problems.join("; "), { exit: EXIT.usage });
    }
  }
}
