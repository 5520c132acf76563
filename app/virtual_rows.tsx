/// <reference lib="dom" />
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import type { Product } from "./shop.ts";

/** What a virtual list shows. */
export interface Places {
  readonly count: number;
  readonly get: (index: number) => readonly [string, Product] | undefined;
  readonly keyOf: (index: number) => string;
  readonly ensure: (start: number, end: number) => void;
  readonly shift: number;
}

export interface VirtualRowsProps {
  readonly label: string;
  readonly places: Places;
  /** Changes when another list is shown, which begins at the top. */
  readonly listKey: string;
  readonly onVisible?: (start: number, end: number) => void;
  readonly children: (id: string, product: Product) => ReactNode;
}

const ROW_HEIGHT = 44;

/** The part of a long list that is on the screen, as a table. */
export function VirtualRows({ label, places, listKey, onVisible, children }: VirtualRowsProps): ReactNode {
  const { count, get, keyOf, ensure, shift } = places;
  const scroller = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count,
    getItemKey: keyOf,
    estimateSize: () => ROW_HEIGHT,
    getScrollElement: () => scroller.current,
    overscan: 4,
  });
  const items = list.getVirtualItems();
  const start = items.at(0)?.index ?? 0;
  const end = (items.at(-1)?.index ?? -1) + 1;
  useEffect(() => {
    ensure(start, end);
    onVisible?.(start, end);
  }, [ensure, onVisible, start, end]);
  useLayoutEffect(() => void scroller.current?.scrollTo(0, 0), [listKey]);

  // What is on the screen stays where it is when rows come or go before it.
  const moved = useRef(shift);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element !== null && element.scrollTop > 0) element.scrollTop += (shift - moved.current) * ROW_HEIGHT;
    moved.current = shift;
  }, [shift]);

  return (
    <div className="scroller" ref={scroller} tabIndex={0} role="group" aria-label={`${label}, scrolls`}>
      <div
        role="table"
        aria-label={label}
        aria-rowcount={count}
        className="rows"
        style={{ height: list.getTotalSize() }}
      >
        {items.map(({ index, key, start }) => {
          const entry = get(index);
          return (
            <div
              key={key}
              role="row"
              aria-rowindex={index + 1}
              className="row"
              style={{ transform: `translateY(${start}px)` }}
              onKeyDown={moveFocus}
            >
              <span role="cell" className="place">{index + 1}</span>
              {entry === undefined ? <span role="cell" className="placeholder">…</span> : children(...entry)}
            </div>
          );
        })}
      </div>
    </div>
  );
}

const STEPS: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };

/** The arrows move to the same cell of the row below or above. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = STEPS[event.key];
  const { target, currentTarget } = event;
  if (step === undefined || !(target instanceof HTMLElement) || target.dataset.column === undefined) return;
  const index = Number(currentTarget.ariaRowIndex) + step;
  const next = currentTarget.parentElement?.querySelector<HTMLElement>(
    `[aria-rowindex="${index}"] [data-column="${target.dataset.column}"]`,
  );
  if (next === null || next === undefined) return;
  event.preventDefault();
  next.focus();
}
