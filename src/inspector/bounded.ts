/** The longest text that is kept of an id or a key, in UTF-16 code units. */
const MAX_TEXT = 200;

/** A text, cut if it is long. */
export function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}… (${text.length})`;
}

/** The text that a fact is, cut; `undefined` if it is none. */
export function textOf(fact: unknown): string | undefined {
  return fact === undefined ? undefined : cut(String(fact));
}

/** Adds an item to a list that keeps the last `most`. */
export function addTo<T>(list: T[], item: T, most: number): void {
  list.push(item);
  if (list.length > most) list.shift();
}

/** Puts an entry last into a map that keeps the last `most`. */
export function putLast<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest = key] = map.keys();
  if (map.size > most) map.delete(oldest);
}
