import assert from "node:assert/strict";

/** One line of samples. */
export interface ExposedSample {
  readonly name: string;
  readonly labels: { readonly [name: string]: string };
  readonly value: number;
}

/** What a scrape reads, by the name of the family. */
export interface ExposedFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ExposedSample[];
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"`;
const HELP = new RegExp(String.raw`^# HELP (${NAME}) ((?:[^\\\n]|\\[\\n])+)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`);
const SAMPLE = new RegExp(String.raw`^(${NAME})\{(${LABEL}(?:,${LABEL})*)\} (\d+(?:\.\d+)?(?:e[+-]\d+)?)$`);

/**
 * Reads the text format by its rules, https://prometheus.io/docs/instrumenting/exposition_formats/, and fails where a
 * strict reader might: a family is in one piece, with its help and its type first; no series is there twice.
 */
export function readExposition(text: string): ReadonlyMap<string, ExposedFamily> {
  const families = new Map<string, { type: string; help: string; samples: ExposedSample[] }>();
  const seen = new Set<string>();
  let current = "";
  assert(text === "" || text.endsWith("\n"), "the last line ends");
  for (const line of text.split("\n").slice(0, -1)) {
    const [, helpOf = "", help = ""] = HELP.exec(line) ?? [];
    const [, typeOf = "", type = ""] = TYPE.exec(line) ?? [];
    if (helpOf !== "") {
      assert(!families.has(helpOf), `${helpOf} is in one piece`);
      families.set(helpOf, { type: "", help, samples: [] });
      current = helpOf;
      continue;
    }
    const family = families.get(current);
    assert(family !== undefined, line);
    if (typeOf !== "") {
      assert.deepEqual([typeOf, family.type, family.samples.length], [current, "", 0], line);
      family.type = type;
      continue;
    }
    const [, name = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
    assert(name !== "", `a sample: ${line}`);
    const ofFamily = family.type === "histogram"
      ? ["_bucket", "_sum", "_count"].map((part) => current + part)
      : [current];
    assert(ofFamily.includes(name), `${name} is of ${current}`);
    assert(!seen.has(`${name}{${labels}}`), `${line} is there once`);
    seen.add(`${name}{${labels}}`);
    family.samples.push({ name, labels: labelsIn(labels), value: Number(value) });
  }
  return families;
}

function labelsIn(text: string): { readonly [name: string]: string } {
  const pairs = text.matchAll(/([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"/g);
  const unescaped = (value: string): string =>
    value.replaceAll(/\\(.)/g, (_, letter) => letter === "n" ? "\n" : letter);
  return Object.fromEntries(Array.from(pairs, ([, name = "", value = ""]) => [name, unescaped(value)]));
}
