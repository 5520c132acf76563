/** A value in a piece of SurrealQL, in place of which a parameter is written. */
export class Param {
  /** The value to bind. */
  readonly value: unknown;

  /** Binds a value. */
  constructor(value: unknown) {
    this.value = value;
  }
}

/** A piece of SurrealQL: text, with parameters in between. */
export class Ql {
  /** Text and parameters, in their order. */
  readonly parts: readonly (string | Param)[];

  /** A piece of these parts. */
  constructor(parts: readonly (string | Param)[]) {
    this.parts = parts;
  }
}

/** A piece of SurrealQL from a template. A string is SurrealQL itself, as a quoted name is, so a value must be bound. */
export function ql(texts: TemplateStringsArray, ...values: readonly (string | Param | Ql)[]): Ql {
  const parts: (string | Param)[] = [];
  for (const [at, text] of texts.entries()) {
    parts.push(text);
    const value = values[at];
    if (value === undefined) continue;
    // Not spread: a call takes not as many arguments as a piece may have parts.
    if (value instanceof Ql) { for (const part of value.parts) parts.push(part); }
    else parts.push(value);
  }
  return new Ql(parts);
}

/** A bound value, for a piece of SurrealQL. */
export function param(value: unknown): Param {
  return new Param(value);
}

/** A condition that holds for no row. */
export const NEVER: Ql = ql`false`;

/** Pieces with something between them. */
export function separated(pieces: readonly Ql[], separator: string): Ql {
  return new Ql(pieces.flatMap(({ parts }, at) => at === 0 ? parts : [separator, ...parts]));
}

/** An array of pieces. */
export function arrayQl(pieces: readonly Ql[]): Ql {
  return ql`[${separated(pieces, ", ")}]`;
}

/** More conditions than these are joined by a function: a chain of 1000 ends the process of an embedded SurrealDB 3.0. */
const MAX_CHAIN = 16;

/** Holds where all of one or more conditions hold. */
export function allOf(pieces: readonly Ql[]): Ql {
  return joined(pieces, " AND ", "array::all");
}

/** Holds where one of one or more conditions holds. */
export function anyOf(pieces: readonly Ql[]): Ql {
  return joined(pieces, " OR ", "array::any");
}

function joined(pieces: readonly Ql[], operator: string, all: string): Ql {
  const [only, second] = pieces;
  if (only !== undefined && second === undefined) return only;
  const grouped = pieces.map((piece) => ql`(${piece})`);
  return pieces.length <= MAX_CHAIN ? separated(grouped, operator) : ql`${all}(${arrayQl(grouped)})`;
}

/** Statements as a text with its parameters. */
export function statements(pieces: readonly Ql[]): {
  readonly text: string;
  readonly bindings: Record<string, unknown>;
} {
  const bindings: Record<string, unknown> = {};
  let count = 0;
  const text = pieces.map(({ parts }) =>
    parts.map((part) => {
      if (!(part instanceof Param)) return part;
      const name = `p${count++}`;
      bindings[name] = part.value;
      return `$${name}`;
    }).join("")
  ).join(";\n");
  return { text, bindings };
}

/** A quoted name, whatever it contains. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;
}
