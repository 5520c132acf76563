/// <reference lib="dom" />
/** The page of the demo. */
import { type ReactNode, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { Controls } from "./controls.tsx";
import { Inspector } from "./inspector.tsx";
import { LiveList } from "./live_list.tsx";
import { PlainList } from "./plain_list.tsx";
import { ProductForm } from "./product_form.tsx";
import { type Asked, type Column, isKept } from "./shop.ts";
import { Writes } from "./writes.tsx";

const COLUMNS: Readonly<Record<Column, string>> = { name: "Name", price: "Price", in_stock: "In stock" };

function Page(): ReactNode {
  const [asked, ask] = useState<Asked>({ search: "", column: "name", isDescending: false });
  const [firstId, setFirstId] = useState<string>();
  const [openId, open] = useState<string>();
  const [isPlain, setPlain] = useState(() => matchMedia("(min-width: 60rem)").matches);
  return (
    <main>
      <header>
        <h1>100 000 products</h1>
        <Writes />
        {/* By keyboard, past all rows of the lists. */}
        <a href="#inspector">Inspector</a>
        {isKept ? null : <p role="alert">This browser keeps nothing: what is written offline is lost with the page.</p>}
      </header>
      <Controls firstId={firstId} />
      <search>
        <label>
          Search{" "}
          <input
            type="search"
            value={asked.search}
            onChange={({ currentTarget }) => ask({ ...asked, search: currentTarget.value })}
          />
        </label>
        <label>
          Order{" "}
          <select
            value={asked.column}
            onChange={({ currentTarget }) => ask({ ...asked, column: currentTarget.value as Column })}
          >
            {Object.entries(COLUMNS).map(([column, label]) => <option key={column} value={column}>{label}</option>)}
          </select>
        </label>
        <button
          type="button"
          aria-pressed={asked.isDescending}
          onClick={() => ask({ ...asked, isDescending: !asked.isDescending })}
        >
          Descending
        </button>
        <label className="switch">
          <input
            type="checkbox"
            role="switch"
            checked={isPlain}
            onChange={({ currentTarget }) => setPlain(currentTarget.checked)}
          />
          Beside it: without the module
        </label>
      </search>
      <div className="lists">
        <section aria-labelledby="live-title">
          <h2 id="live-title">With the module</h2>
          <LiveList asked={asked} onOpen={open} onFirst={setFirstId} />
        </section>
        {isPlain && (
          <section aria-labelledby="plain-title">
            <h2 id="plain-title">Without</h2>
            <PlainList asked={asked} />
          </section>
        )}
      </div>
      <Inspector />
      {openId === undefined ? null : <ProductForm id={openId} onClose={() => open(undefined)} />}
    </main>
  );
}

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <Page />
    </StrictMode>,
  );
}
await navigator.serviceWorker?.register("/worker.js");
