import { fileURLToPath } from "node:url";

/** What a process uses: memory, in bytes, and the processor time since it began. */
export interface Usage {
  readonly rss: number;
  readonly heapUsed: number;
  readonly cpuMs: number;
}

/** A server of products in a child process, which exits with this one. */
export class ServerProcess implements AsyncDisposable {
  /** The URL of the table. */
  readonly url: URL;
  readonly #child: Deno.ChildProcess;

  private constructor(url: URL, child: Deno.ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  /** Starts a server with `rows` products, for up to `maxStreams` subscribers, and resolves when it accepts connections. */
  static async start(rows: number, maxStreams = 1_000): Promise<ServerProcess> {
    const script = fileURLToPath(new URL("products_server.ts", import.meta.url));
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--no-check", "--v8-flags=--expose-gc", script, String(rows), String(maxStreams)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let line = "";
    while (!line.endsWith("\n")) {
      const { done, value } = await reader.read();
      if (done) throw new Error("Cannot start the server");
      line += value;
    }
    return new ServerProcess(new URL("products", line.trim()), child);
  }

  /** What it uses now. */
  async usage(): Promise<Usage> {
    const response = await fetch(new URL("usage", this.url));
    return await response.json();
  }

  /** Stops the server, and resolves when it has exited. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.status;
  }
}
