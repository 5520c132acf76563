import { BadInput } from "./bad_input.ts";

/**
 * Reads the id from the words.
 *
 * @throws {BadInput} if it is missing, or empty like an unset shell variable.
 */
export function idWord(verb: string, words: readonly string[]): string {
  const [id] = words;
  if (id !== undefined && id !== "") return id;
  throw new BadInput(`${verb} needs a non-empty id; demo ${verb} --help shows its usage`);
}
