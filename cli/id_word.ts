import { BadInput } from "./bad_input.ts";

/**
 * The id among the words.
 *
 * @throws {BadInput} if it is missing, or empty as an unset variable of a shell is.
 */
export function idWord(verb: string, words: readonly string[]): string {
  const [id] = words;
  if (id !== undefined && id !== "") return id;
  throw new BadInput(`${verb} needs an id that is not empty; demo ${verb} --help says how it is called`);
}
