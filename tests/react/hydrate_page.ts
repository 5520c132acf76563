/// <reference lib="dom" />
/** The browser's side: goes on with what the server has rendered, and tells what it saw. */
import { complaints } from "./page_setup.ts";
import { createElement as h } from "react";
import { hydrateRoot } from "react-dom/client";
import { LiveTable, MemCache, MemTable } from "@vantage/live";
import { hydrate } from "@vantage/live/hydration";
import { App } from "./app.ts";
import { quiet, until } from "./screen.ts";

async function goOn(): Promise<string> {
  const root = document.getElementById("root");
  const text = document.getElementById("state")?.textContent;
  if (root === null || typeof text !== "string") throw new Error("The server has sent no page");
  const rows = JSON.parse(document.getElementById("rows")?.textContent ?? "");
  const master = new MemTable("products", { rows });
  const table = new LiveTable(master, "products", new MemCache());
  hydrate(table, text);
  const item = root.querySelector("ul li");
  const readsBefore = table.stats().masterReads;
  hydrateRoot(root, h(App, { table }), { onRecoverableError: (error) => void complaints.push(String(error)) });
  await until(() => root.querySelectorAll("ol li").length === rows.length, "the list");
  await quiet();
  const isSame = item === root.querySelector("ul li");
  await table.patchValue("a", { name: "new" });
  await until(() => root.querySelector("b")?.textContent === "new", "a change");
  return JSON.stringify({ complaints, isSame, readsBefore, title: document.title });
}

const seen = goOn();
Object.assign(globalThis, { seen });
console.log(await seen);
