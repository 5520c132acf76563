import { type Child, startChild } from "./children.ts";

/** What happens to requests to write: `all` is all of the faults in turn. */
export type Mood = "ok" | "refuse" | "hang" | "cut" | "all";

/** What the process of a master is started with. */
export interface MasterOptions {
  readonly path: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly seed: number;
}

/** The process of a master, which can be killed and started again at the same address. */
export class WritesMaster implements AsyncDisposable {
  readonly #path: string;
  #child: Child;
  #port: number;
  #mood: Mood = "ok";
  #starts = 0;

  private constructor(path: string, child: Child, port: number) {
    this.#path = path;
    this.#child = child;
    this.#port = port;
  }

  /** Starts it. */
  static async start(path: string, seed: number): Promise<WritesMaster> {
    const child = startChild("deno", "kept_master_child.ts", { path, port: 0, seed } satisfies MasterOptions);
    return new WritesMaster(path, child, await listening(child));
  }

  /** Where it is, now and after the next start. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** What it does from now on. */
  set mood(mood: Mood) {
    this.#mood = mood;
    this.#child.tell(mood);
  }

  /** Kills it with all its connections, and starts it again. */
  async restart(): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
    const options = { path: this.#path, port: this.#port, seed: ++this.#starts } satisfies MasterOptions;
    this.#child = startChild("deno", "kept_master_child.ts", options);
    this.#port = await listening(this.#child);
    this.mood = this.#mood;
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}

async function listening(child: Child): Promise<number> {
  const { value, done } = await child.lines.next();
  if (done) throw new Error("The master has not started");
  return (value as { readonly listening: number }).listening;
}
