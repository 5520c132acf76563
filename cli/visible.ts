// deno-lint-ignore no-control-regex -- control characters are what is looked for
const CONTROLS = /[\u0000-\u001f]/g;
/** DEL, the second set of control characters, marks that turn the direction of text, and halves of surrogate pairs. */
const HIDDEN =
  /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** One line of text that cannot move the cursor, change colours, or look like another text. */
export function visible(text: string): string {
  return visibleJson(text.replace(CONTROLS, escaped));
}

/** The same for text that is JSON already, where the escapes stay inside its strings. */
export function visibleJson(json: string): string {
  return json.replace(HIDDEN, escaped);
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Characters that take no room of their own, and those that take twice the room. */
const NARROWEST = /[\p{Mn}\p{Me}\u200b-\u200d\ufe00-\ufe0f]/u;
const WIDEST =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\p{Emoji_Presentation}]/u;

/** How many places of a terminal a text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += NARROWEST.test(character) ? 0 : WIDEST.test(character) ? 2 : 1;
  return width;
}

/** The text itself, or as much of it as fits into `width` places with a mark that some is missing. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  for (const character of text) {
    if (widthOf(kept + character) > width - 3) break;
    kept += character;
  }
  return `${kept}...`;
}
