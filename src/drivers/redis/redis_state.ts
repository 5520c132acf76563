import type { Fence } from "../../cache/cache.ts";
import { textOf } from "./redis_reply.ts";

/** What a reader needs to know of the state of a scope. */
export interface RedisState {
  readonly server: string;
  readonly generation: string;
  readonly position: number;
  /** When the first intent is due, in milliseconds since the epoch. */
  readonly dueAt: number | undefined;
}

/** The state in an answer; `undefined` if it is none. */
export function stateIn(answer: unknown): RedisState | undefined {
  const [server = "", generation = "", position = "", , , , , due] = textOf(answer).split(" ");
  if (due === undefined) return undefined;
  return { server, generation, position: Number(position), dueAt: due === "-" ? undefined : Number(due) };
}

/** The fence of a generation and a position. */
export function fenceOf({ generation, position }: Pick<RedisState, "generation" | "position">): Fence {
  return `${generation}:${position}`;
}

/** The generation and the position of a fence, for a script; those of another cache's fence match none. */
export function marksOf(fence: Fence): readonly [generation: string, position: string] {
  const [generation = "", position = ""] = String(fence).split(":");
  return [generation === "" ? "?" : generation, position];
}
