import { fileURLToPath } from "node:url";

/** What a process takes, in bytes. */
export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
}

/** A server of products in a process of its own, which ends with this one. */
export class ServerProcess implements AsyncDisposable {
  /** Where the table is. */
  readonly url: URL;
  readonly #child: Deno.ChildProcess;

  private constructor(url: URL, child: Deno.ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  /** Starts a server of so many products, and resolves when it listens. */
  static async start(rows: number): Promise<ServerProcess> {
    const script = fileURLToPath(new URL("products_server.ts", import.meta.url));
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--no-check", "--v8-flags=--expose-gc", script, String(rows)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let line = "";
    while (!line.endsWith("\n")) {
      const { done, value } = await reader.read();
      if (done) throw new Error("The server could not be started");
      line += value;
    }
    return new ServerProcess(new URL("products", line.trim()), child);
  }

  /** What it takes now. */
  async memory(): Promise<Memory> {
    const response = await fetch(new URL("memory", this.url));
    return await response.json();
  }

  /** Ends it, and resolves when it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.status;
  }
}
