/**
 * One promise of an interface, as a test that needs no test framework: `run` resolves if the promise is kept, and
 * rejects with an `Error` that says what was expected and what was found.
 *
 * Each case wants a harness of its own, that is, storage that nothing else uses.
 */
export interface ConformanceCase<Harness> {
  /** The promise, as a sentence. */
  readonly name: string;
  /** Why the case does not apply to what this harness is about; `undefined` if it does. */
  skip?(harness: Harness): string | undefined;
  /** Tries it. */
  run(harness: Harness): Promise<void>;
}

/** What a harness opened, with the way to close it again. */
export interface Closable {
  /** Releases what was opened. Called once, when the case is over or closes it on purpose. */
  close(): Promise<void> | void;
}

/** Runs `body` with what `open` gives, and closes that whatever happens. */
export async function using<T extends Closable>(
  opening: Promise<T>,
  body: (opened: T) => Promise<void>,
): Promise<void> {
  const opened = await opening;
  try {
    await body(opened);
  } finally {
    await opened.close();
  }
}
