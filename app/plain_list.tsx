/// <reference lib="dom" />
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { Line } from "./network.ts";
import { type Asked, PAGE_SIZE, type Product, url } from "./shop.ts";
import { VirtualRows } from "./virtual_rows.tsx";

export const plainLine: Line = new Line();

type Entry = readonly [string, Product];

interface Part {
  readonly offset: number;
  readonly rows: readonly Entry[];
}

const NOTHING: Part = { offset: 0, rows: [] };

/** The list without the module: what is on the screen is fetched each time, and nothing is kept. */
export function PlainList({ asked }: { readonly asked: Asked }): ReactNode {
  const [count, setCount] = useState(0);
  const [part, setPart] = useState(NOTHING);
  const [error, setError] = useState<string>();
  const latest = useRef(0);
  const listKey = JSON.stringify(asked);
  const read = useCallback(async (page: number): Promise<void> => {
    const mine = ++latest.current;
    try {
      const [rows, total] = await Promise.all([fetchRows(asked, page), fetchCount(asked)]);
      if (mine !== latest.current) return;
      setCount(total);
      setPart({ offset: (page - 1) * PAGE_SIZE, rows });
      setError(undefined);
    } catch (reason) {
      if (mine === latest.current) setError(String(reason));
    }
  }, [listKey]);
  const shown = useRef({ page: 0, listKey });
  const ensure = useCallback((start: number) => {
    const page = Math.floor(start / PAGE_SIZE) + 1;
    if (page === shown.current.page && listKey === shown.current.listKey) return;
    shown.current = { page, listKey };
    void read(page);
  }, [read, listKey]);
  useEffect(() => setPart(NOTHING), [listKey]);
  const get = (index: number): Entry | undefined => part.rows[index - part.offset];
  return (
    <>
      <p className="status" role="status">
        {error === undefined ? `${count.toLocaleString("en")} rows` : "The server cannot be reached"}
      </p>
      <VirtualRows
        label="Products without the module"
        listKey={listKey}
        places={{ count, get, keyOf: (index) => `at ${index}`, ensure, shift: 0 }}
      >
        {(_, { name, price, in_stock }) => (
          <>
            <span role="cell" className="name">{name}</span>
            <span role="cell" className="number">{price}</span>
            <span role="cell" className="number">{in_stock}</span>
          </>
        )}
      </VirtualRows>
    </>
  );
}

async function fetchRows(asked: Asked, page: number): Promise<readonly Entry[]> {
  const answer = await ask("rows", { ...parametersOf(asked), page: String(page), limit: String(PAGE_SIZE) });
  return answer.rows as readonly Entry[]; // as docs/server.md says
}

async function fetchCount({ search }: Asked): Promise<number> {
  return Number((await ask("count", search === "" ? {} : { search })).count);
}

function parametersOf({ search, column, isDescending }: Asked): Record<string, string> {
  const orderBy = JSON.stringify([[column, isDescending ? "desc" : "asc"]]);
  return search === "" ? { orderBy } : { orderBy, search };
}

async function ask(what: string, parameters: Record<string, string>): Promise<Record<string, unknown>> {
  const answer = await plainLine.fetch(`${url}/${what}?${new URLSearchParams(parameters)}`);
  if (!answer.ok) throw new Error(`The server answered with ${answer.status}`);
  return await answer.json();
}
