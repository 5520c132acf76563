import { readFileSync, renameSync, writeFileSync } from "node:fs";
import process from "node:process";

/** As many keys are remembered; those that missed longest ago are forgotten. */
const MAX_KEYS = 500;

/**
 * How long the last miss of each key took: in a file next to the cache, so that a hit in a new process can say how much
 * faster it was. Without a path, only for as long as the process runs.
 */
export class LastMisses {
  readonly #path: string | undefined;
  readonly #times: Map<string, number>;
  #changed = false;

  constructor(path?: string) {
    this.#path = path;
    this.#times = path === undefined ? new Map() : readTimes(path);
  }

  /** How many milliseconds the last miss of the key took, if that is known. */
  get(key: string): number | undefined {
    return this.#times.get(key);
  }

  /** Remembers a miss. */
  set(key: string, ms: number): void {
    this.#times.delete(key);
    this.#times.set(key, ms);
    for (const oldest of this.#times.keys()) {
      if (this.#times.size <= MAX_KEYS) break;
      this.#times.delete(oldest);
    }
    this.#changed = true;
  }

  /** Writes the file, all at once: two processes at the same time cannot mix. That it fails is no reason to fail. */
  save(): void {
    if (this.#path === undefined || !this.#changed) return;
    const draft = `${this.#path}.${process.pid}`;
    try {
      writeFileSync(draft, JSON.stringify([...this.#times]));
      renameSync(draft, this.#path);
    } catch {
      // Only the comparison with the last miss is lost.
    }
  }
}

/** What the file says; a file that is missing or damaged says nothing. */
function readTimes(path: string): Map<string, number> {
  try {
    const entries: unknown = JSON.parse(readFileSync(path, "utf8"));
    return new Map(Array.isArray(entries) ? entries.filter(isTime) : []);
  } catch {
    return new Map();
  }
}

function isTime(entry: unknown): entry is [key: string, ms: number] {
  return Array.isArray(entry) && typeof entry[0] === "string" && Number.isFinite(entry[1]);
}
