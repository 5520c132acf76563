/** An application that a server renders, and a browser goes on with. */
import { createElement as h, type ReactNode, Suspense } from "react";
import type { LiveTable } from "@vantage/live";
import { useDeferredRows, useRow, useRows, useRowsSuspense, useWindow, useWrites } from "@vantage/live/react";

export interface AppProps {
  readonly table: LiveTable;
}

export function App({ table }: AppProps): ReactNode {
  return h(
    "main",
    null,
    h(Suspense, { fallback: "waiting" }, h(Names, { table }), h(Counts, { table }), h(First, { table })),
    h(List, { table }),
  );
}

function Names({ table }: AppProps): ReactNode {
  const { rows } = useRowsSuspense(table.orderBy("name"));
  return h("ul", null, Array.from(rows, ([id, { name }]) => h("li", { key: id }, String(name))));
}

function Counts({ table }: AppProps): ReactNode {
  const count = useRows(table.page(1)).rows?.size;
  const deferred = useDeferredRows(table.page(1)).rows?.size;
  return h("p", null, `${count} rows, ${deferred} deferred, ${useWrites(table).pending.length} writes`);
}

function First({ table }: AppProps): ReactNode {
  return h("b", null, String(useRow(table, "a").row?.name ?? "…"));
}

function List({ table }: AppProps): ReactNode {
  const { count, get } = useWindow(table, { size: 10 });
  return h("ol", null, Array.from({ length: count }, (_, at) => h("li", { key: at }, String(get(at)?.[1].name))));
}
