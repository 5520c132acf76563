// deno-lint-ignore no-control-regex -- matching control characters is the purpose
const CONTROLS = /[\u0000-\u001f]/g;
/** DEL, C1 control characters, bidirectional marks, and lone surrogates. */
const HIDDEN =
  /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Escapes text so that it cannot move the cursor, change colours, or look like another text. */
export function visible(text: string): string {
  return visibleJson(text.replace(CONTROLS, escaped));
}

/** Escapes JSON text, where the escapes stay inside its strings. */
export function visibleJson(json: string): string {
  return json.replace(HIDDEN, escaped);
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Characters of width 0, and those of width 2. */
const NARROWEST = /[\p{Mn}\p{Me}\u200b-\u200d\ufe00-\ufe0f]/u;
const WIDEST =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\p{Emoji_Presentation}]/u;

/** The width of a text in terminal cells. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += NARROWEST.test(character) ? 0 : WIDEST.test(character) ? 2 : 1;
  return width;
}

/** Cuts a text to `width` cells, with a mark if some is missing. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  for (const character of text) {
    if (widthOf(kept + character) > width - 3) break;
    kept += character;
  }
  return `${kept}...`;
}
