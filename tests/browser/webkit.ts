import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import type { OpenBrowser, Tab } from "./tabs.ts";

const DRIVER = "/usr/bin/WebKitWebDriver";
const XVFB = "/usr/bin/xvfb-run";
const LIBRARIES = "/usr/lib/x86_64-linux-gnu";

const BROWSER = existsSync(LIBRARIES)
  ? readdirSync(LIBRARIES).filter((name) => name.startsWith("webkit2gtk-")).map((name) =>
    `${LIBRARIES}/${name}/MiniBrowser`
  )
    .find(existsSync)
  : undefined;

/** Why a test in WebKit is skipped here. */
export const NO_WEBKIT: string | undefined = "Deno" in globalThis
  ? BROWSER !== undefined && existsSync(DRIVER) && existsSync(XVFB)
    ? undefined
    : "there is no WebKitGTK; .ci/run installs it (webkit2gtk-driver, xvfb)"
  : "the browser is the same in every runtime, and driven from Deno";

const TIME_LIMIT_MS = 180_000;
const PAUSE_MS = 50;

/** How long a tab is frozen: longer than it may keep others waiting. */
const FROZEN_MS = 12_000;

/** Starts WebKitGTK. A driven one keeps no profile. One of its tabs is asked at a time. */
export async function openWebkit(): Promise<OpenBrowser> {
  const driver = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(XVFB, ["-a", DRIVER, `--port=${new URL(driver).port}`], { detached: true, stdio: "ignore" });
  const close = (): Promise<void> => end(child);
  try {
    await ready(driver);
    const options = { binary: BROWSER, args: ["--automation"] };
    const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": options } };
    const { sessionId } = await ask(`${driver}/session`, { capabilities }) as { readonly sessionId: string };
    const session = `${driver}/session/${sessionId}`;
    await ask(`${session}/timeouts`, { script: TIME_LIMIT_MS });
    return { openTab: (url) => openWebkitTab(session, url), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openWebkitTab(session: string, url: string): Promise<Tab> {
  const { handle } = await ask(`${session}/window/new`, { type: "window" }) as { readonly handle: string };
  const inTab = async (path: string, body?: object): Promise<unknown> => {
    await ask(`${session}/window`, { handle });
    return await ask(`${session}/${path}`, body);
  };
  const run = (script: string): Promise<unknown> => inTab("execute/async", { script, args: [] });
  await inTab("url", { url });
  await untilLoaded(() => run(`arguments[0](location.href !== "about:blank" && document.readyState === "complete");`));
  return {
    ask: (script) =>
      run(`const done = arguments[0]; Promise.resolve(${script}).then(done, (error) => done(String(error)));`),
    close: async () => {
      const [other] = await inTab("window") as readonly string[];
      // The driver opens no window from one that is closed.
      if (other !== undefined) await ask(`${session}/window`, { handle: other });
    },
    freeze: async () => {
      const stop =
        `const end = Date.now() + ${FROZEN_MS}; setTimeout(() => { while (Date.now() < end); }); arguments[0]();`;
      await run(stop);
      const over = setTimeout(FROZEN_MS);
      return () => over;
    },
  };
}

/** Without a body it deletes. */
async function ask(url: string, body?: object): Promise<unknown> {
  const response = await fetch(
    url,
    body === undefined ? { method: "DELETE" } : { method: "POST", body: JSON.stringify(body) },
  );
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${url}: ${value.error}: ${value.message}`);
  return value;
}

/** On a busy machine the driver may take the end of the empty page before it for the page's. */
async function untilLoaded(isLoaded: () => Promise<unknown>): Promise<void> {
  const signal = AbortSignal.timeout(TIME_LIMIT_MS);
  while (await isLoaded() !== true) {
    signal.throwIfAborted();
    await setTimeout(PAUSE_MS);
  }
}

/** A driver says nothing when it listens. */
async function ready(driver: string): Promise<void> {
  const signal = AbortSignal.timeout(TIME_LIMIT_MS);
  while (
    !await fetch(`${driver}/status`, { signal }).then(
      (response) => response.body?.cancel().then(() => true),
      () => false,
    )
  ) {
    signal.throwIfAborted();
    await setTimeout(PAUSE_MS);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Ends the driver with all that it started: they are one group of processes. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return;
  const exited = once(child, "exit");
  process.kill(-child.pid, "SIGTERM");
  await exited;
}
