import type { HostSays } from "./host_talk.ts";
import { columnOf, COLUMNS, type Contents, IDS, type TableName } from "./shop_tables.ts";

/** What the last acknowledged write of a host to a row has left. */
interface Left {
  readonly table: TableName;
  readonly id: string;
  readonly column: number;
  /** `undefined` if the row was deleted. */
  readonly version: number | undefined;
}

/** The writes that hosts were answered to. */
export class Acknowledged {
  readonly #left = new Map<string, Left>();
  #count = 0;

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  /** Takes what a host says. */
  take(host: number, said: HostSays): void {
    if (said.kind !== "written" && said.kind !== "trying") return;
    const { table, id } = said;
    const key = `${table} ${id} ${columnOf(host)}`;
    // From here on it is unknown what becomes of the row, until the host is answered.
    if (said.kind === "trying") return void this.#left.delete(key);
    this.#count++;
    const known = this.#left.get(key)?.version ?? 0;
    const version = IDS.includes(id) ? Math.max(known, said.version ?? 0) : said.version;
    this.#left.set(key, { table, id, column: COLUMNS.indexOf(columnOf(host)), version });
  }

  /** Those that the master lacks. */
  lostIn(contents: Contents): readonly string[] {
    return [...this.#left.values()].flatMap(({ table, id, column, version }) => {
      const stored = contents[table][id]?.[column];
      const isThere = version === undefined ? stored === undefined : stored !== undefined && stored >= version;
      return isThere ? [] : [`${table} ${id}: ${COLUMNS[column]} is ${stored}, and ${version} was acknowledged`];
    });
  }
}
