import { Pagination } from "@vantage/live";
import { Session } from "node:inspector";
import { fileURLToPath } from "node:url";

/** What a call passed through: the functions of src by file, but those of src/base, which everybody uses. */
export interface Walk {
  readonly files: ReadonlyMap<string, readonly string[]>;
  readonly functions: number;
}

const SRC = new URL("../../src/", import.meta.url).href;

/** Whether this runtime tells which functions have run between two moments: those of V8 do; others tell no names. */
export async function canWalk(): Promise<boolean> {
  try {
    const nothing = await walked(() => Promise.resolve());
    const one = await walked(() => Promise.resolve(new Pagination().limit));
    return nothing.functions === 0 && [...one.files.values()].flat().includes("get limit");
  } catch {
    return false;
  }
}

/** What runs in src while `call` does, as V8 counts it. */
export async function walked(call: () => Promise<unknown>): Promise<Walk> {
  const session = new Session();
  session.connect();
  try {
    await post(session, "Profiler.enable");
    await post(session, "Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    await post(session, "Profiler.takePreciseCoverage");
    await call();
    return toWalk(await post(session, "Profiler.takePreciseCoverage"));
  } finally {
    session.disconnect();
  }
}

/** What V8 answers with, as far as it is looked at here. */
interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

function toWalk(coverage: unknown): Walk {
  const { result } = coverage as Coverage; // As the protocol describes it.
  const files = new Map<string, readonly string[]>();
  for (const { url, functions } of result.toSorted((a, b) => a.url < b.url ? -1 : 1)) {
    if (!url.startsWith(SRC) || url.startsWith(`${SRC}base/`)) continue;
    const called = functions.filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0);
    if (called.length > 0) {
      files.set(fileURLToPath(url).slice(fileURLToPath(SRC).length), called.map(({ functionName }) => functionName));
    }
  }
  return { files, functions: [...files.values()].flat().length };
}

function post(session: Session, method: string, params: object = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    session.post(method, params, (error: Error | null, answer: unknown) => {
      if (error === null) resolve(answer);
      else reject(error);
    });
  });
}
