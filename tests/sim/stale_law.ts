import type { StaleAnswer } from "@vantage/live";
import type { Ages } from "./read_law.ts";
import type { RowFloor } from "./row_floors.ts";
import type { Fault } from "./row_law.ts";
import type { Scene } from "./scene.ts";

/** What a reader was told of an answer, and when it was served at the earliest. */
export interface Marked {
  readonly marks: readonly StaleAnswer[];
  readonly servedMs: number;
  /** Whether the reader accepts no stale rows. */
  readonly isPatient: boolean;
}

/** What is wrong with the mark of an answer that is served though it is stale. */
export function faultOfMark({ world, master }: Scene, { marks, servedMs, isPatient }: Marked): Fault | undefined {
  const [mark, ...others] = marks;
  if (mark === undefined) return undefined;
  if (others.length > 0) return { law: 8, what: `it is marked ${marks.length} times` };
  const { fetchedAt } = mark;
  const isAllowed = "error" in mark ? world.onMasterFailure === "serve" : world.whileStale === "serve";
  if (isPatient || !isAllowed) return { law: 2, what: "it is stale, which was not allowed" };
  // With an asynchronous cache some time passes between the look at it and the read of the master.
  const isTrue = world.asyncCache || world.freezes || master.origins.some(({ startMs }) => startMs === fetchedAt);
  if (!isTrue) return { law: 2, what: `nothing was requested at ${fetchedAt}` };
  if (servedMs - fetchedAt < world.maxAgeMs) return undefined;
  return { law: 2, what: `it is ${servedMs - fetchedAt} ms old` };
}

/**
 * How old the rows may be that are served though they are stale: as when they were requested, with all writes that were
 * confirmed when the reader asked; those that are confirmed `now` may be in them.
 */
export function agesOfStale(scene: Scene, writes: RowFloor, now: RowFloor, mark: StaleAnswer): Ages {
  const { master, world } = scene;
  const seq = master.seqBefore(mark.fetchedAt - world.lagMs);
  const atLeast = (other: (id: string) => number) => (id: string): number => Math.max(seq, other(id));
  // It is not known whether the rows were read before a write or after it; in place of a failure, they have it in any case.
  const written = (id: string): number => writes.of(id) || Math.min(now.of(id) || seq, seq);
  return {
    floor: "error" in mark ? written : atLeast(writes.of),
    absent: (id, isMove, settled) => Math.max(seq, writes.movedOf(id, isMove, settled)),
    floors: { existenceOf: atLeast(writes.existenceOf), placeOf: () => seq },
  };
}
