import { checkOptions } from "../base/check_options.ts";
import { describe } from "../base/describe.ts";

/** How old an answer may be, of a `LiveTable` or of one of its handles; see `LiveHandle.withReadPolicy`. */
export interface ReadPolicyOptions {
  /**
   * How long an entry is fresh, in milliseconds; default `maxAgeMs`, and without one `Infinity`: until a change makes it
   * stale.
   */
  readonly staleTimeMs?: number | undefined;
  /**
   * What a read does with a stale entry: `"wait"`, the default, reads from the master first; `"serve"` answers with what
   * is held and reads from the master behind, once for each key. An entry is stale by its age, or by a change that only
   * the master can complete. Rows that were written through a table on the same cache are waited for in any case.
   */
  readonly whileStale?: "wait" | "serve" | undefined;
  /** An entry that is older is never served, in milliseconds; default `Infinity`. Not less than `staleTimeMs`. */
  readonly maxAgeMs?: number | undefined;
  /**
   * What a read does if the master cannot be reached: `"reject"`, the default, or `"serve"`, which answers with what is
   * held up to `maxAgeMs`, though stale. A refusal by the master is always an error. What `invalidate()` or a cache
   * without a log has dropped is not held.
   */
  readonly onMasterFailure?: "reject" | "serve" | undefined;
  /**
   * How many pages after the one that was read are read as well, behind its answer; default 0, at most
   * 20. Pages that are held, or that the reader has gone past meanwhile, are not.
   */
  readonly prefetchPages?: number | undefined;
}

/** The most pages that are read ahead. */
export const MAX_PREFETCHED_PAGES = 20;

/** The policy in force, with nothing left out. */
export interface ReadPolicy {
  readonly staleTimeMs: number;
  readonly whileStale: "wait" | "serve";
  readonly maxAgeMs: number;
  readonly onMasterFailure: "reject" | "serve";
  readonly prefetchPages: number;
  /** The same text for all policies that answer alike. */
  readonly name: string;
  /** What was given, for handles that change some of it. */
  readonly given: ReadPolicyOptions;
}

const KNOWN = {
  staleTimeMs: true,
  whileStale: true,
  maxAgeMs: true,
  onMasterFailure: true,
  prefetchPages: true,
} satisfies Record<keyof ReadPolicyOptions, true>;

/** The names of the options. */
export const READ_POLICY_OPTIONS: readonly string[] = Object.keys(KNOWN);

/**
 * The policy that `options` make of another one.
 *
 * @throws {TypeError} if an option is unknown; the message names it.
 * @throws {RangeError} if an option is out of range; the message names it.
 */
export function readPolicy(options: ReadPolicyOptions, base: ReadPolicyOptions = {}): ReadPolicy {
  checkOptions("a read policy", options, READ_POLICY_OPTIONS);
  const given: ReadPolicyOptions = {
    staleTimeMs: options.staleTimeMs ?? base.staleTimeMs,
    whileStale: options.whileStale ?? base.whileStale,
    maxAgeMs: options.maxAgeMs ?? base.maxAgeMs,
    onMasterFailure: options.onMasterFailure ?? base.onMasterFailure,
    prefetchPages: options.prefetchPages ?? base.prefetchPages,
  };
  const { maxAgeMs = Infinity, whileStale = "wait", onMasterFailure = "reject", prefetchPages = 0 } = given;
  const { staleTimeMs = maxAgeMs } = given;
  checkAge("staleTimeMs", staleTimeMs);
  checkAge("maxAgeMs", maxAgeMs);
  if (maxAgeMs < staleTimeMs) {
    throw new RangeError(`maxAgeMs must be at least staleTimeMs, ${staleTimeMs}, got ${maxAgeMs}`);
  }
  checkChoice("whileStale", whileStale, ["wait", "serve"]);
  checkChoice("onMasterFailure", onMasterFailure, ["reject", "serve"]);
  if (!Number.isInteger(prefetchPages) || prefetchPages < 0 || prefetchPages > MAX_PREFETCHED_PAGES) {
    throw new RangeError(
      `prefetchPages must be a whole number from 0 to ${MAX_PREFETCHED_PAGES}, got ${describe(prefetchPages)}`,
    );
  }
  return named({ staleTimeMs, whileStale, maxAgeMs, onMasterFailure, prefetchPages, given });
}

/** A policy with some of it changed, for reads of this module. */
export function changedPolicy(policy: ReadPolicy, changes: Partial<Omit<ReadPolicy, "name" | "given">>): ReadPolicy {
  return named({ ...policy, ...changes });
}

function named(policy: Omit<ReadPolicy, "name">): ReadPolicy {
  const { staleTimeMs, whileStale, maxAgeMs, onMasterFailure } = policy;
  return { ...policy, name: [staleTimeMs, whileStale, maxAgeMs, onMasterFailure].join(" ") };
}

/** Whether something is younger than a limit; below zero, after a clock was set back, its age is unknown. */
export function isWithin(limitMs: number, ageMs: number): boolean {
  return limitMs === Infinity || (ageMs >= 0 && ageMs < limitMs);
}

function checkAge(name: string, ms: number): void {
  if (typeof ms === "number" && ms >= 0) return;
  throw new RangeError(`${name} must be a number of at least 0, got ${describe(ms)}`);
}

function checkChoice(name: string, given: string, accepted: readonly string[]): void {
  if (accepted.includes(given)) return;
  throw new RangeError(
    `${name} must be ${accepted.map((choice) => `"${choice}"`).join(" or ")}, got ${describe(given)}`,
  );
}
