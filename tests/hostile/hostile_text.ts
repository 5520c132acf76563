import fc from "fast-check";

/** What looks like a part of a key, of a path, of SQL, of JavaScript, or like something else that it is not. */
const TRAPS: readonly string[] = [
  "/",
  "//",
  "../x",
  ".",
  "%",
  "%2F",
  "%252F",
  "%00",
  "%uD800",
  "all",
  "id",
  "page_1",
  "page_01",
  "view:",
  'view:;where="a" eq 1',
  'x";order="a" asc',
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "1",
  "01",
  "1.0",
  "1e0",
  "+1",
  "1n",
  "0x1",
  "\uff11",
  "NaN",
  "null",
  "undefined",
  "true",
  "\u0000",
  "a\u0000b",
  "a",
  "\u0007\u001b[0m",
  "\u007f",
  "\r\n",
  "\ud800",
  "\udc00",
  "\udfff\ud800",
  "\ufffd",
  "\ud83d\ude00",
  "\u00e9",
  "e\u0301",
  "\u200b",
  "\u202e",
  "\ufeff",
  " ",
  "_",
  "*",
  "[a]",
  "'; DROP TABLE vantage_entry; --",
  "${globalThis.polluted = 1}",
  "x".repeat(10_000),
  "/".repeat(10_000),
  "\ud800".repeat(10_000),
];

/** Ways to say nearly the same: as a store, a path or a careless programmer might take for the same. */
const DISTORTIONS: readonly ((text: string) => string)[] = [
  (text) => `${text}/`,
  (text) => `/${text}`,
  (text) => `${text}\u0000`,
  (text) => `${text} `,
  (text) => `${text}a`,
  (text) => `${text}${text}`,
  (text) => text.slice(0, -1),
  (text) => text.slice(0, 512),
  (text) => text.slice(0, 2_048),
  (text) => text.split("\u0000")[0] ?? "",
  (text) => text.trim(),
  (text) => text.toUpperCase(),
  (text) => text.toLowerCase(),
  (text) => text.normalize("NFC"),
  (text) => text.normalize("NFD"),
  (text) => text.normalize("NFKC"),
  (text) => text.toWellFormed(),
  (text) => encodeURIComponent(text.toWellFormed()),
  (text) => text.replaceAll("%2F", "/").replaceAll("%25", "%"),
  (text) => text.replaceAll("/", "%2F"),
  (text) => JSON.stringify(text),
  (text) => String(Number(text)),
];

/** Any text, most of them made to be taken for another. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.constantFrom(...TRAPS), weight: 6 },
  { arbitrary: fc.tuple(fc.constantFrom(...TRAPS), fc.constantFrom(...TRAPS)).map(([a, b]) => a + b), weight: 2 },
  { arbitrary: fc.string({ unit: "binary", maxLength: 12 }), weight: 1 },
  {
    arbitrary: fc.array(fc.integer({ min: 0xd7ff, max: 0xe000 }), { maxLength: 4 })
      .map((units) => String.fromCharCode(...units)),
    weight: 1,
  },
);

/** A text, and others that are nearly the same; no two are equal, and none is empty. */
export const nearTexts: fc.Arbitrary<readonly string[]> = fc
  .tuple(hostileText, fc.array(fc.constantFrom(...DISTORTIONS), { minLength: 1, maxLength: 4 }))
  .map(([text, distortions]) => [text, ...distortions.map((distort) => distort(text))])
  .map((texts) => [...new Set(texts)].filter((text) => text !== ""));

/** A number to draw with, other in every run of the tests. */
export function newSeed(): number {
  const [seed = 0] = crypto.getRandomValues(new Int32Array(1));
  return seed;
}
