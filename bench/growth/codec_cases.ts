import { type Row, Rows } from "@vantage/live";
// Neither is an entry of the package.
import { decodeRows, encodeRows } from "../../src/cache/codec.ts";
import { rowFromWire, rowToWire } from "../../src/wire/wire_value.ts";
import { alike, beyondShapes, type GrowthCase, upTo } from "./growth_case.ts";

/** Shapes of rows that the codecs encode differently. */
const SHAPES: Readonly<Record<string, (n: number) => Rows>> = {
  "n rows": (n) => rowsOf(n, (at) => ({ name: `Product ${at}`, stock: at, isSold: at % 2 === 0 })),
  "n rows that have no column in common": (n) => rowsOf(n, (at) => ({ [`column ${at}`]: at })),
  "n columns": (n) => rowsOf(1, () => Object.fromEntries(upTo(n).map((at) => [`column ${at}`, at]))),
  "a text of n characters": (n) => rowsOf(1, () => ({ text: "\u00e9".repeat(n * 100) })),
  "n texts that are broken": (n) => rowsOf(n, (at) => ({ text: `\ud800 ${at}` })),
  "n integers of 1,000 digits": (n) => rowsOf(n, (at) => ({ integer: 10n ** 999n + BigInt(at) })),
  "n bytes": (n) => rowsOf(1, () => ({ bytes: new Uint8Array(n * 1_000) })),
  "a list of n": (n) => rowsOf(1, () => ({ list: upTo(n) })),
};

/** Shapes that need another size. */
const SIZES: Readonly<Record<string, Partial<GrowthCase>>> = {
  "n rows that have no column in common": {
    from: 8_192,
    because: "From 8,192, since V8 keeps up to some thousands of sets of keys in a faster form.",
  },
  "n columns": beyondShapes,
  "a text of n characters": {
    from: 16,
    because: "From 16, each standing for 100 characters: longer texts leave the processor's cache on the way.",
  },
};

export const codecCases: readonly GrowthCase[] = Object.entries(SHAPES).flatMap(([shape, rowsAt]) =>
  alike(SIZES[shape] ?? {}, [
    {
      name: `encodeRows() of ${shape}`,
      prepare: (n) => {
        const rows = rowsAt(n);
        return () => encodeRows(rows);
      },
    },
    {
      name: `decodeRows() of ${shape}, all rows read`,
      prepare: (n) => {
        const bytes = encodeRows(rowsAt(n));
        return () => [...decodeRows(bytes).values()];
      },
    },
    {
      name: `rowToWire() of ${shape}`,
      prepare: (n) => {
        const rows = [...rowsAt(n).values()];
        return () => JSON.stringify(rows.map(rowToWire));
      },
    },
    {
      name: `rowFromWire() of ${shape}`,
      prepare: (n) => {
        const text = JSON.stringify(Array.from(rowsAt(n).values(), rowToWire));
        return () => JSON.parse(text).map(rowFromWire);
      },
    },
  ])
);

function rowsOf(n: number, rowAt: (at: number) => Row): Rows {
  return Rows.from(upTo(n).map((at) => [`${at}`, rowAt(at)]));
}
