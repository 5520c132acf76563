import { scopeOf } from "../../cache/cache_key.ts";

/** The keys in Redis of a scope. */
export interface ScopeKeys {
  readonly state: string;
  readonly log: string;
  /** What the scripts take: the state, the log, the intents, and when these are due. */
  readonly all: readonly string[];
  /** What the keys of entries begin with. */
  readonly entries: string;
}

/** The most scopes whose keys are remembered. */
const MOST_REMEMBERED = 1_000;
/** In place of a scope without a name, since an empty hash tag is none. */
const NAMELESS = "-";

/** The keys in Redis: all those of a scope have one hash tag. */
export class RedisKeys {
  readonly #namespace: string;
  readonly #known = new Map<string, ScopeKeys>();

  constructor(namespace: string) {
    this.#namespace = storable(namespace);
  }

  /** The keys of a scope. */
  ofScope(scope: string): ScopeKeys {
    const known = this.#known.get(scope);
    if (known !== undefined) return known;
    const tag = `${this.#namespace}{${scope === "" ? NAMELESS : storable(scope)}}`;
    const state = `${tag}:s`;
    const log = `${tag}:c`;
    const keys = { state, log, all: [state, log, `${tag}:i`, `${tag}:d`], entries: `${tag}:e:` };
    if (this.#known.size >= MOST_REMEMBERED) this.#known.clear();
    this.#known.set(scope, keys);
    return keys;
  }

  /** The key of an entry. */
  ofEntry(key: string): string {
    const scope = scopeOf(key) ?? "";
    return this.ofScope(scope).entries + storable(key.slice(scope.length));
  }

  /** A key that is used by one process. */
  newWakeKey(): string {
    return `${this.#namespace}:wake:${crypto.randomUUID()}`;
  }

  /** A pattern of the states of all scopes, and perhaps of other keys. */
  get pattern(): string {
    return `${this.#namespace.replaceAll(/[\\*?[\]^-]/g, "\\$&")}{*}:s`;
  }

  /** What names a scope in the key of its state; `undefined` if it is none. It is the scope as `storable` writes it. */
  scopeIn(state: string): string | undefined {
    if (!state.startsWith(`${this.#namespace}{`) || !state.endsWith("}:s")) return undefined;
    const tag = state.slice(this.#namespace.length + 1, -3);
    if (tag.includes("}")) return undefined;
    return tag === NAMELESS ? "" : tag;
  }
}

/**
 * A text that is one in UTF-8, without braces. Different texts stay different, and prefixes stay prefixes, also those that
 * end within a surrogate pair.
 */
export function storable(text: string): string {
  if (!IS_UNSTORABLE.test(text)) return text; // On the way of every hit.
  return text.replaceAll(UNSTORABLE, (unit) => `\\${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const IS_UNSTORABLE = /[\\{}\ud800-\udfff]/;
const UNSTORABLE = /[\\{}\ud800-\udfff]/g;

/** The text that `storable` wrote. */
export function restored(text: string): string {
  return text.replaceAll(/\\([0-9a-f]{4})/g, (_, unit) => String.fromCharCode(Number.parseInt(unit, 16)));
}
