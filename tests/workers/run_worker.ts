import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { NODE_24 } from "../package/runtimes.ts";
import { newPath } from "../conformance/temp_folder.ts";

/** What a worker is given. */
export interface WorkerOptions {
  /** Its Durable Objects, all with SQLite storage: the class under the name of the binding. */
  readonly durableObjects?: Readonly<Record<string, string>>;
  /** Texts, under the names of their bindings. */
  readonly bindings?: Readonly<Record<string, string>>;
  /** Where the storage is kept; default a new folder. */
  readonly folder?: string | undefined;
  /** The day whose workerd it is to behave like; default one of 2026. */
  readonly compatibilityDate?: string | undefined;
}

/** A worker that answers. */
export interface RunningWorker extends AsyncDisposable {
  /** The body of the answer to a GET; an answer that is not ok is an error with the body for a message. */
  ask(path: string): Promise<string>;
  /** Where it answers. */
  readonly url: URL;
}

/** miniflare runs on Node alone, so elsewhere one is started for it. */
const NODE = "Deno" in globalThis || "Bun" in globalThis ? NODE_24 : [process.execPath];

/** Runs a file of this folder in workerd, without `nodejs_compat`. Disposing it ends all that was started. */
export async function runWorker(name: string, options: WorkerOptions = {}): Promise<RunningWorker> {
  const file = fileURLToPath(new URL(name, import.meta.url));
  const { durableObjects = {}, bindings = {}, folder = newPath("workerd"), compatibilityDate = "2026-07-30" } = options;
  const [program = "", ...args] = [
    ...NODE,
    fileURLToPath(new URL("miniflare_child.ts", import.meta.url)),
    JSON.stringify({ file, durableObjects, bindings, folder, compatibilityDate }),
  ];
  const child = spawn(program, args, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, npm_config_loglevel: "error" },
  });
  const closed = once(child, "close");
  const { value: address } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  if (address === undefined) throw new Error(`${name} does not run`);
  const url = new URL(address);
  return {
    url,
    ask: async (path) => {
      const response = await fetch(new URL(path, url));
      const body = await response.text();
      if (!response.ok) throw new Error(body);
      return body;
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await closed;
    },
  };
}
