import { readFileSync, renameSync, writeFileSync } from "node:fs";
import process from "node:process";

/** Options of a {@linkcode KeptMap}. */
export interface KeptMapOptions<T> {
  /** The file; without one, the map lives only in memory. */
  readonly path: string | undefined;
  /** Whether a value read from the file is valid. */
  readonly isValue: (value: unknown) => value is T;
}

/** The most keys; those set longest ago are dropped. */
const MAX_KEYS = 500;

/** A map of texts to values that is stored in a small file for the next process. */
export class KeptMap<T> {
  readonly #path: string | undefined;
  readonly #values: Map<string, T>;
  #changed = false;

  constructor({ path, isValue }: KeptMapOptions<T>) {
    this.#path = path;
    this.#values = path === undefined ? new Map() : readValues(path, isValue);
  }

  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: T): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= MAX_KEYS) break;
      this.#values.delete(oldest);
    }
    this.#changed = true;
  }

  /** Writes the file atomically, so that concurrent processes cannot mix their content. Ignores failures. */
  save(): void {
    if (this.#path === undefined || !this.#changed) return;
    const draft = `${this.#path}.${process.pid}`;
    try {
      writeFileSync(draft, JSON.stringify([...this.#values]));
      renameSync(draft, this.#path);
    } catch {
      // The content can be found out again.
    }
  }
}

/** Reads the file; a missing or damaged one is empty. */
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
