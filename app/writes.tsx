import { useWrites } from "@vantage/live/react";
import type { ReactNode } from "react";
import { products } from "./shop.ts";

/** What is not saved yet, and what could not be saved. */
export function Writes(): ReactNode {
  const { pending, failed } = useWrites(products);
  return (
    <section aria-label="Writes" className="writes">
      <p role="status" data-pending={pending.length}>
        {pending.length === 0 ? "All changes are saved" : `${pending.length} not saved yet`}
      </p>
      {failed.length > 0 && (
        <ul>
          {failed.map(({ id, op, failure }) => (
            <li key={id}>
              {op.kind} failed: {failure.message}{" "}
              <button type="button" onClick={() => void products.retry(id)}>Try again</button>{" "}
              <button type="button" onClick={() => void products.discard(id)}>Discard</button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
