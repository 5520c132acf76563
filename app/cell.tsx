/// <reference lib="dom" />
import { type KeyboardEvent, type ReactNode, useState } from "react";

export interface CellProps {
  readonly column: string;
  readonly label: string;
  readonly value: number;
  readonly onEdit: (value: number) => void;
}

/** A number to edit: Enter or leaving it saves, Escape does not. */
export function Cell({ column, label, value, onEdit }: CellProps): ReactNode {
  const [draft, setDraft] = useState<string>();
  const save = (): void => {
    const number = Number(draft);
    if (draft !== undefined && draft.trim() !== "" && Number.isFinite(number) && number !== value) onEdit(number);
    setDraft(undefined);
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
      value={draft ?? String(value)}
      onChange={({ currentTarget }) => setDraft(currentTarget.value)}
      onKeyDown={onKeyDown}
      onBlur={save}
    />
  );
}
