import { type Capabilities, type Column, OPERATORS } from "@vantage/live";
import type { SqlColumn } from "@vantage/live/sql";

/** What the recipes know of their table. */
export const COLUMNS: readonly SqlColumn[] = [
  { name: "id", kind: "text" },
  { name: "name", kind: "text" },
  { name: "price", kind: "number", type: "float8" },
  { name: "stock", kind: "number", type: "int4" },
  { name: "active", kind: "boolean" },
  { name: "note", kind: "text" },
];

/** The columns as users of the table see them: those of text are searched. */
export const FIELDS: readonly Column[] = COLUMNS.map(({ name, kind }) => ({
  name,
  flags: kind === "text" && name !== "id" ? ["searchable"] : [],
}));

/** What SQL does itself. */
export const CAPABILITIES: Partial<Capabilities> = {
  page: true,
  where: OPERATORS,
  orderBy: true,
  search: true,
  exact: true,
  sameRows: true,
};

/** A row of the table. */
export interface Product {
  id: string;
  name: string | null;
  price: number | null;
  stock: number | null;
  active: boolean | null;
  note: string | null;
}
