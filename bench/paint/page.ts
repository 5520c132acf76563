/// <reference lib="dom" />
/** The page's side of `bench:paint`: holds rows, asks for some of them, and counts the frames until they are painted. */
import { type ComponentType, createElement as h, type ReactNode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { defineTable, LiveTable, MemCache, type Row } from "@vantage/live";
import { useRow, useRows, useWindow } from "@vantage/live/react";
import { ASKS, type Painted, type PaintReport } from "./painted.ts";

const ROWS = 100_000;
const PAGE_SIZE = 100;
const PAGES = ROWS / PAGE_SIZE;
const TIMES = 40;
/** Clicks come at any moment of a frame. */
const FRAME_MS = 16;

const rows = Array.from({ length: ROWS }, (_, at): [string, Row] => [`p${at}`, { name: `Product ${at}`, price: at }]);
const master = defineTable({
  name: "products",
  capabilities: { page: true, count: true },
  list: ({ query: { pagination } }) => {
    const { page = 1, itemsPerPage = ROWS } = pagination ?? {};
    return new Map(rows.slice((page - 1) * itemsPerPage, page * itemsPerPage));
  },
  count: () => ROWS,
  get: (id) => rows[Number(id.slice(1))]?.[1],
});
const cache = new MemCache({ maxRows: 2 * ROWS });
const table = new LiveTable(master, "products", cache, { masterItemsPerPage: PAGE_SIZE });

interface PlaceProps {
  readonly page: number;
}

function List({ entries }: { readonly entries: Iterable<readonly [string, Row]> | undefined }): ReactNode {
  return h("ul", null, Array.from(entries ?? [], ([id, { name }]) => h("li", { key: id, id }, String(name))));
}

function FromArray({ page }: PlaceProps): ReactNode {
  return h(List, { entries: rows.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE) });
}

function OneRow({ page }: PlaceProps): ReactNode {
  const id = firstOf(page);
  const { row } = useRow(table, id);
  return h(List, { entries: row && [[id, row]] });
}

function Rows({ page }: PlaceProps): ReactNode {
  return h(List, { entries: useRows(table.page(page, PAGE_SIZE)).rows });
}

function Places({ page }: PlaceProps): ReactNode {
  const { ensure, get } = useWindow(table, { size: PAGE_SIZE });
  const start = (page - 1) * PAGE_SIZE;
  useEffect(() => ensure(start, start + PAGE_SIZE), [ensure, start]);
  const places = Array.from({ length: PAGE_SIZE }, (_, at) => get(start + at));
  return h(List, { entries: places.filter((entry) => entry !== undefined) });
}

const SHOWN: Readonly<Record<Painted["ask"], ComponentType<PlaceProps>>> = {
  "an array": FromArray,
  "useRow()": OneRow,
  "useRows()": Rows,
  "useWindow(), scrolled": Places,
  "useWindow(), opened": ({ page }) => h(Places, { key: page, page }),
};

function firstOf(page: number): string {
  return `p${(page - 1) * PAGE_SIZE}`;
}

/** Clicks to another page each time, as a user would: React draws for a click at once. */
async function measure(ask: Painted["ask"]): Promise<Painted> {
  const element = document.body.appendChild(document.createElement("div"));
  const root = createRoot(element);
  let next = 1;
  root.render(h(() => {
    const [page, go] = useState(1);
    return h("div", null, h("button", { onClick: () => go(next) }, "Next"), h(SHOWN[ask], { page }));
  }));
  const isShown = (): boolean => element.querySelector(`#${firstOf(next)}`) !== null;
  while (!isShown()) await frame();
  const frames: number[] = [];
  const times: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    next = 1 + (next * 37) % PAGES;
    for (let rest = 0; rest < 4; rest++) await frame();
    await new Promise((resolve) => setTimeout(resolve, time % FRAME_MS));
    const clickedAt = performance.now();
    element.querySelector("button")?.click();
    let count = 0;
    do {
      await frame();
      count++;
    } while (!isShown());
    await painted();
    frames.push(count);
    times.push(performance.now() - clickedAt);
  }
  root.unmount();
  element.remove();
  return { ask, frames, times };
}

/** Resolves just before a frame is painted. */
function frame(): Promise<unknown> {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}

/** Resolves in the first task after the frame. */
function painted(): Promise<unknown> {
  const { port1, port2 } = new MessageChannel();
  const over = new Promise((resolve) => port1.onmessage = resolve);
  port2.postMessage(undefined);
  return over.finally(() => port1.close());
}

async function report(): Promise<string> {
  for (let page = 1; page <= PAGES; page++) {
    await table.page(page, PAGE_SIZE).listValues();
    await table.getValue(firstOf(page));
  }
  await table.getCount();
  const before = table.stats().masterReads;
  const all: Painted[] = [];
  for (const ask of ASKS) all.push(await measure(ask));
  return JSON.stringify(
    { held: ROWS, masterReads: table.stats().masterReads - before, painted: all } satisfies PaintReport,
  );
}

Object.assign(globalThis, { seen: report() });
