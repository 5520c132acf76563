import { measureKills } from "./kills.ts";

const KILLS = 20;

/** The titles of the columns of {@linkcode killRows}. */
export const KILL_COLUMNS: readonly string[] = ["kill -9 while writing", "accepted", "lost", "twice", "out of order"];

/** What survives processes that are killed: rows of a table. */
export async function killRows(): Promise<readonly (readonly string[])[]> {
  const rows: string[][] = [];
  for (const [library, name] of [["live", "@vantage/live"], ["offline", "@tanstack/offline-transactions"]] as const) {
    console.error(`${name}, killed …`);
    const { kills, accepted, lost, twice, outOfOrder } = await measureKills(library, KILLS);
    rows.push([`${name}, ${kills} times`, ...[accepted, lost, twice, outOfOrder].map(String)]);
  }
  return rows;
}
