import type { Clock } from "../../base/clock.ts";
import { escapeKeyPart } from "../../cache/cache_key.ts";
import type { StreamCursor } from "../../stream/live_stream.ts";
import { Rows } from "../../table/rows.ts";
import type { IdbCacheStore } from "./indexeddb_cache_store.ts";

/** What an {@linkcode IdbPosition} works with. */
export interface IdbPositionOptions {
  readonly store: IdbCacheStore;
  readonly scope: string;
  /** The name of what the stream reads. */
  readonly resumes: string;
  /** The term under which the scope's log is fed. */
  readonly term: number;
  readonly onCaughtUp: () => void;
  readonly clock: Clock;
}

/** The only field of the only row of the entry. */
const POSITION = "position";

/** How far a stream has been logged, as an entry of the scope: it is lost with the log that it belongs to. */
export class IdbPosition implements StreamCursor {
  readonly #options: IdbPositionOptions;
  readonly #key: string;

  constructor(options: IdbPositionOptions) {
    this.#options = options;
    this.#key = `${options.scope}stream/${escapeKeyPart(options.resumes)}`;
  }

  onCaughtUp(): void {
    this.#options.onCaughtUp();
  }

  async load(): Promise<string | undefined> {
    const held = await this.#options.store.get(this.#key);
    const position = held?.rows.get(POSITION)?.[POSITION];
    return typeof position === "string" ? position : undefined;
  }

  async store(position: string): Promise<void> {
    const { store, term, clock } = this.#options;
    const rows = Rows.from([[POSITION, { [POSITION]: position }]]);
    await store.put(this.#key, { rows, fetchedAt: clock.now() }, undefined, term).catch(() => {});
  }
}
