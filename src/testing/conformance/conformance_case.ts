/**
 * One promise of an interface, as a test that needs no test framework: `run` resolves if the promise is kept, and
 * rejects with an `Error` that says what was expected and what was found.
 *
 * Each case needs a separate harness, that is, storage that nothing else uses.
 */
export interface ConformanceCase<Harness> {
  /** The promise, as a sentence. */
  readonly name: string;
  /** Why the case does not apply to this harness; `undefined` if it does. */
  skip?(harness: Harness): string | undefined;
  /** Runs the case. */
  run(harness: Harness): Promise<void>;
}

/** Something that a harness opened. */
export interface Closable {
  /** Releases it. Called once, at the end of the case or when the case closes it on purpose. */
  close(): Promise<void> | void;
}

/** Runs `body` with the opened object, and closes it in any case. */
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
