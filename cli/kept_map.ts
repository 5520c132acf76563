import { readFileSync, renameSync, writeFileSync } from "node:fs";
import process from "node:process";

/** How a {@linkcode KeptMap} is kept. */
export interface KeptMapOptions<T> {
  /** The file; without one, what is remembered goes with the process. */
  readonly path: string | undefined;
  /** Whether something that was read from the file is a value. */
  readonly isValue: (value: unknown) => value is T;
}

/** As many keys are remembered; those that were set longest ago are forgotten. */
const MAX_KEYS = 500;

/** What one process remembers for the next: texts with something to each, in a small file. */
export class KeptMap<T> {
  readonly #path: string | undefined;
  readonly #values: Map<string, T>;
  #changed = false;

  constructor({ path, isValue }: KeptMapOptions<T>) {
    this.#path = path;
    this.#values = path === undefined ? new Map() : readValues(path, isValue);
  }

  /** What is remembered of the key. */
  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  /** Remembers something. */
  set(key: string, value: T): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= MAX_KEYS) break;
      this.#values.delete(oldest);
    }
    this.#changed = true;
  }

  /** Writes the file, all at once: two processes at the same time cannot mix. That it fails is no reason to fail. */
  save(): void {
    if (this.#path === undefined || !this.#changed) return;
    const draft = `${this.#path}.${process.pid}`;
    try {
      writeFileSync(draft, JSON.stringify([...this.#values]));
      renameSync(draft, this.#path);
    } catch {
      // What was remembered can be found out again.
    }
  }
}

/** What the file says; a file that is missing or damaged says nothing. */
function readValues<T>(path: string, isValue: KeptMapOptions<T>["isValue"]): Map<string, T> {
  const values = new Map<string, T>();
  try {
    const entries: unknown = JSON.parse(readFileSync(path, "utf8"));
    for (const [key, value] of Array.isArray(entries) ? entries : []) {
      if (typeof key === "string" && isValue(value)) values.set(key, value);
    }
    return values;
  } catch {
    return new Map();
  }
}
