import { spawn } from "node:child_process";
import { createServer } from "node:net";

/** A Redis for a benchmark, on this machine. */
export interface BenchRedis extends AsyncDisposable {
  readonly url: string;
}

/** Starts Redis (`apt-get install redis-server`), without a disk. */
export async function startRedis(): Promise<BenchRedis> {
  const port = await freePort();
  const child = spawn("redis-server", ["--port", `${port}`, "--save", "", "--bind", "127.0.0.1"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    child.stdout.setEncoding("utf8").on("data", (text: string) => text.includes("Ready to accept") && resolve());
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await ended;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
