/// <reference lib="dom" />
import { type KeyboardEvent, type ReactNode, useEffect, useState } from "react";

export interface CellProps {
  readonly column: string;
  readonly label: string;
  readonly value: number;
  /** Settles when nothing more comes of the edit. */
  readonly onEdit: (value: number) => Promise<void>;
}

/** A number to edit: Enter or leaving it saves, Escape does not. */
export function Cell({ column, label, value, onEdit }: CellProps): ReactNode {
  const [draft, setDraft] = useState<string>();
  // A cache that is not in memory shows a write some milliseconds later. Until then the cell shows it.
  const [saved, setSaved] = useState<number>();
  useEffect(() => setSaved((before) => before === value ? undefined : before), [value]);
  const save = (): void => {
    const number = Number(draft);
    setDraft(undefined);
    if (draft === undefined || draft.trim() === "" || !Number.isFinite(number) || number === value) return;
    setSaved(number);
    void onEdit(number).then(() => setSaved(undefined));
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter") save();
    if (event.key === "Escape") setDraft(undefined);
  };
  return (
    <input
      data-column={column}
      className="cell"
      inputMode="decimal"
      aria-label={label}
      value={draft ?? String(saved ?? value)}
      onChange={({ currentTarget }) => setDraft(currentTarget.value)}
      onKeyDown={onKeyDown}
      onBlur={save}
    />
  );
}
