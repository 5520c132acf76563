import { type MaybePromise, TableError, UnavailableError } from "@vantage/live";

/** Invalid input. The message is one line: what is wrong, and what is accepted. Nothing was changed. */
export class BadInput extends Error {
  override readonly name = "BadInput";
}

/** Runs `work`, and reports a failure as invalid input, unless the server is only unavailable. */
export async function opening<T>(what: string, work: () => MaybePromise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof BadInput || cause instanceof UnavailableError) throw cause;
    throw new BadInput(`Cannot open ${what}: ${messageOf(cause)}`, { cause });
  }
}

/** Runs `write`, and reports a final refusal by the table as invalid input; then nothing was changed. */
export async function writing<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const refused = error instanceof TypeError || error instanceof RangeError ||
      (error instanceof TableError && error.effect === "none" && error.code !== "not_found" && !error.retriable);
    throw refused ? new BadInput(`${messageOf(error)}; nothing was changed`, { cause: error }) : error;
  }
}

/** The message of an error, with the database's message as its cause. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error instanceof TableError
    ? `${error.message} (${error.cause.message})`
    : error.message;
}
