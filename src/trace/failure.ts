import { isError } from "../base/realm.ts";
import type { TraceFields } from "./tracer.ts";

/** What is traced of an error: its kind. Its message may quote anything, even a connection string. */
export function failure(error: unknown): TraceFields {
  const code: unknown = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return {
    outcome: "failed",
    error: isError(error) ? error.name : typeof error,
    ...((typeof code === "string" || typeof code === "number") && { code }),
  };
}
