import type { Action } from "./plan.ts";
import type { Held } from "./sim_master.ts";

type WriteAction = Extract<Action, { readonly kind: "write" }>;

/** The columns that a patch or a foreign update changes besides the mark. */
export function touchedBy(
  { touches = "nothing", even, n = 0 }: Pick<WriteAction, "touches" | "even" | "n">,
): Partial<Pick<Held, "even" | "n">> {
  return {
    ...((touches === "even" || touches === "both") && { even }),
    ...((touches === "n" || touches === "both") && { n }),
  };
}
