import { DemoFolder, type RunningDemo } from "../cli/demo.ts";

/** A request that passed between the page and its server. */
export interface Passed {
  readonly method: string;
  readonly path: string;
  readonly answered: boolean;
}

/** The demo's app as a process, and its controls. */
export class DemoApp implements AsyncDisposable {
  readonly url: string;
  readonly #folder: DemoFolder;
  readonly #process: RunningDemo;

  private constructor(url: string, folder: DemoFolder, process: RunningDemo) {
    this.url = url;
    this.#folder = folder;
    this.#process = process;
  }

  static async start(): Promise<DemoApp> {
    const folder = new DemoFolder();
    const process = folder.start("app", "--port", "0", "--until-stdin-ends");
    const url = (await process.line(/^serving http/)).slice("serving ".length);
    return new DemoApp(url, folder, process);
  }

  /** What has passed so far. */
  async passed(): Promise<readonly Passed[]> {
    return (await (await fetch(`${this.url}demo`)).json()).passed;
  }

  async control(name: string, body: object = {}): Promise<void> {
    const headers = { "content-type": "application/json" };
    await (await fetch(`${this.url}demo/${name}`, { method: "POST", headers, body: JSON.stringify(body) })).body
      ?.cancel();
  }

  /** Adds the id of each row that is changed to a list, until the returned function is called. */
  async watch(changed: string[]): Promise<() => void> {
    const leaving = new AbortController();
    const { body } = await fetch(`${this.url}products/events`, { signal: leaving.signal });
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    // The first message says that it listens.
    await reader?.read();
    const read = async (): Promise<void> => {
      for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
        for (const [, id = ""] of next.value.matchAll(/"kind":"updated","id":"([^"]+)"/g)) changed.push(id);
      }
    };
    read().catch(() => {});
    return () => leaving.abort();
  }

  /** The row, as the master has it. */
  async row(id: string): Promise<Record<string, unknown>> {
    return (await (await fetch(`${this.url}products/row?id=${id}`)).json()).row;
  }

  /** Ends the server with all that it started. */
  async end(): Promise<void> {
    this.#process.endInput();
    await this.#process.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    this.#folder[Symbol.dispose]();
  }
}
