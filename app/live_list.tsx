/// <reference lib="dom" />
import { useWindow } from "@vantage/live/react";
import { memo, type ReactNode, useCallback, useEffect, useState } from "react";
import { Cell } from "./cell.tsx";
import { type Asked, PAGE_SIZE, type Product, products, rowsOf } from "./shop.ts";
import { VirtualRows } from "./virtual_rows.tsx";

export interface LiveListProps {
  readonly asked: Asked;
  readonly onOpen: (id: string) => void;
  /** Called with the first row on the screen. */
  readonly onFirst: (id: string | undefined) => void;
}

/** The list with the module. */
export function LiveList({ asked, onOpen, onFirst }: LiveListProps): ReactNode {
  const handle = rowsOf(asked);
  const shown = useWindow(handle, { size: PAGE_SIZE });
  const { get, pending, count, error, status, fetchStatus } = shown;
  const [start, setStart] = useState(0);
  const first = get(start)?.[0];
  useEffect(() => onFirst(first), [onFirst, first]);
  const fetchedAt = useFetchedAt(handle.page(Math.floor(start / PAGE_SIZE) + 1, PAGE_SIZE).listCacheKey, shown);
  // What fails for good is shown among the writes.
  const edit = useCallback(async (id: string, partial: Partial<Product>): Promise<void> => {
    await products.patchValue(id, partial).catch(() => {});
  }, []);
  return (
    <>
      <p className="status" role="status">
        {status === "pending" ? "Reading…" : `${count.toLocaleString("en")} rows`}
        {fetchStatus === "fetching" && status !== "pending" ? ", reading" : ""}
        {fetchedAt === undefined ? "" : `, read ${ago(fetchedAt)}`}
        {error === undefined ? "" : ", the server cannot be reached"}
      </p>
      <VirtualRows label="Products with the module" places={shown} listKey={JSON.stringify(asked)} onVisible={setStart}>
        {(id, product) => (
          <LiveRow id={id} product={product} isPending={pending.has(id)} onEdit={edit} onOpen={onOpen} />
        )}
      </VirtualRows>
    </>
  );
}

interface LiveRowProps {
  readonly id: string;
  readonly product: Product;
  readonly isPending: boolean;
  readonly onEdit: (id: string, partial: Partial<Product>) => Promise<void>;
  readonly onOpen: (id: string) => void;
}

/** A row that did not change is the same object, and is not drawn again. */
const LiveRow = memo(({ id, product, isPending, onEdit, onOpen }: LiveRowProps): ReactNode => (
  <>
    <span role="cell" className="name">
      <button type="button" data-column="name" onClick={() => onOpen(id)}>{product.name}</button>
    </span>
    <span role="cell" className="number">
      <Cell
        column="price"
        label={`Price of ${product.name} ${id}`}
        value={product.price}
        onEdit={(price) => onEdit(id, { price })}
      />
    </span>
    <span role="cell" className="number">
      <Cell
        column="in_stock"
        label={`Stock of ${product.name} ${id}`}
        value={product.in_stock}
        onEdit={(in_stock) => onEdit(id, { in_stock })}
      />
    </span>
    <span role="cell" className="mark">{isPending ? <span className="pending">not saved</span> : null}</span>
  </>
));

/** When the server was asked for what is held under a key; looked up again after each change, and once a second. */
function useFetchedAt(key: string, changed: unknown): number | undefined {
  const [fetchedAt, setFetchedAt] = useState<number>();
  const [second, setSecond] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSecond((before) => before + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    let isCurrent = true;
    products.explain(key).then(({ fetchedAt }) => isCurrent && setFetchedAt(fetchedAt), () => {});
    return () => void (isCurrent = false);
  }, [key, changed, second]);
  return fetchedAt;
}

function ago(time: number): string {
  const seconds = Math.max(0, Math.floor((Date.now() - time) / 1_000));
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`;
}
