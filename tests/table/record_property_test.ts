import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  type ActiveRecord,
  LiveTable,
  MemCache,
  MemTable,
  RecordConflictError,
  type Row,
  type TableLike,
} from "@vantage/live";
import { Chance } from "../sim/chance.ts";

const COLUMNS = ["a", "b", "c"] as const;
type Column = typeof COLUMNS[number];
/** What a column holds; `undefined` if the row does not have it. */
type Cell = number | null | undefined;
const CELLS: readonly Cell[] = [1, 2, 3, 1, 2, 3, null, undefined];

/** One column of an editor: what it was read as, what it is now, what the master was last seen to hold. */
interface Edited {
  base: Cell;
  mine: Cell;
  theirs: Cell;
}
type Editor = Record<Column, Edited>;
type Master = Record<Column, Cell>;
type Outcome = "saved" | Column[];

const anyCell = (chance: Chance): Cell => CELLS[chance.below(CELLS.length)];
/** In the comparison of two sides, an absent column counts as null. */
const alike = (one: Cell, other: Cell): boolean => (one ?? null) === (other ?? null);
const isDirty = ({ base, mine, theirs }: Edited): boolean => mine !== base && mine !== theirs;
const isClash = (cell: Edited): boolean =>
  isDirty(cell) && !alike(cell.theirs, cell.base) && !alike(cell.theirs, cell.mine);

function columnsWhere(editor: Editor, test: (cell: Edited) => boolean): Column[] {
  return COLUMNS.filter((column) => test(editor[column]));
}

/** What is said of merging, column by column: what is not edited follows, and what changed on both sides keeps its base. */
function sees(editor: Editor, master: Master): void {
  for (const column of COLUMNS) {
    const { base, mine } = editor[column];
    const theirs = master[column];
    const cell = { base, mine: mine === base ? theirs : mine, theirs };
    editor[column] = mine !== base && !alike(theirs, base) && !alike(theirs, mine) ? cell : { ...cell, base: theirs };
  }
}

/** What is said of saving: all of what was edited, or nothing. */
function saves(editor: Editor, master: Master, isDeclared: boolean): Outcome {
  const known: Master = { a: editor.a.theirs, b: editor.b.theirs, c: editor.c.theirs };
  sees(editor, known);
  if (columnsWhere(editor, isDirty).length === 0) return "saved";
  if (columnsWhere(editor, isClash).length > 0) return columnsWhere(editor, isClash);
  const before = columnsWhere(editor, isDirty);
  const isAsItWas = before.every((column) => alike(master[column], editor[column].base));
  const removes = !isDeclared && before.some((column) => editor[column].mine === undefined);
  if (removes || !isAsItWas) sees(editor, master);
  if (columnsWhere(editor, isClash).length > 0) return columnsWhere(editor, isClash);
  const edited = columnsWhere(editor, isDirty);
  for (const column of edited) {
    const stored = isDeclared ? editor[column].mine ?? null : editor[column].mine;
    master[column] = stored;
    editor[column] = { base: stored, mine: stored, theirs: stored };
  }
  if (edited.length > 0) sees(editor, master);
  return "saved";
}

function reads(master: Master): Editor {
  const cell = (column: Column): Edited => ({ base: master[column], mine: master[column], theirs: master[column] });
  return { a: cell("a"), b: cell("b"), c: cell("c") };
}

function rowOf(cells: Readonly<Record<Column, Cell>>): Row {
  return Object.fromEntries(COLUMNS.flatMap((column) => cells[column] === undefined ? [] : [[column, cells[column]]]));
}

function draftOf({ a, b, c }: Editor): Row {
  return rowOf({ a: a.mine, b: b.mine, c: c.mine });
}

const outcomeOf = (saving: Promise<void>): Promise<Outcome> =>
  saving.then(() => "saved" as const, (error) => {
    if (!(error instanceof RecordConflictError)) throw error;
    return error.columns.toSorted() as Column[];
  });

/** Two editors and what should be true of them. */
class Scene {
  readonly #chance: Chance;
  readonly #master: MemTable;
  readonly #isDeclared: boolean;
  #expected: Master;
  #editors: Editor[];
  readonly #records: ActiveRecord[];

  constructor(chance: Chance, master: MemTable, isDeclared: boolean, expected: Master, records: ActiveRecord[]) {
    this.#chance = chance;
    this.#master = master;
    this.#isDeclared = isDeclared;
    this.#expected = expected;
    this.#editors = records.map(() => reads(expected));
    this.#records = records;
  }

  async step(): Promise<string> {
    const chance = this.#chance;
    const who = chance.below(this.#records.length);
    const [record, editor] = [this.#records[who], this.#editors[who]];
    assert(record !== undefined && editor !== undefined);
    const column = chance.pick(COLUMNS);
    switch (
      chance.pick(["edit", "edit", "edit", "save", "save", "refresh", "revert", "resolve", "both", "elsewhere"])
    ) {
      case "edit": {
        const cell = anyCell(chance);
        if (cell === undefined) delete record.data[column];
        else record.data[column] = cell;
        editor[column].mine = cell;
        return `${who} edits ${column} to ${cell}`;
      }
      case "save": {
        const expected = saves(editor, this.#expected, this.#isDeclared);
        assert.deepEqual(await outcomeOf(record.save()), expected);
        return `${who} saves: ${expected}`;
      }
      case "refresh":
        sees(editor, this.#expected);
        await record.refresh();
        return `${who} refreshes`;
      case "revert":
        for (const reverted of chance.happens(0.5) ? COLUMNS : [column]) {
          record.revert(reverted);
          const { theirs } = editor[reverted];
          editor[reverted] = { base: theirs, mine: theirs, theirs };
        }
        return `${who} reverts`;
      case "resolve": {
        const how = chance.pick(["mine", "theirs"] as const);
        for (const clash of columnsWhere(editor, isClash)) {
          const { theirs, mine } = editor[clash];
          editor[clash] = { base: theirs, mine: how === "mine" ? mine : theirs, theirs };
        }
        record.resolve(how);
        return `${who} resolves: ${how}`;
      }
      case "both":
        // A row that is replaced is read before, in a step of its own.
        if (
          !this.#isDeclared &&
          this.#editors.some((each) => columnsWhere(each, ({ mine }) => mine === undefined).length > 0)
        ) {
          return "nothing";
        }
        return await this.#saveAtOnce();
      default: {
        const cell = chance.pick([1, 2, 3, null]);
        this.#expected[column] = cell;
        await this.#master.patchValue("a", { [column]: cell });
        return `somebody else sets ${column} to ${cell}`;
      }
    }
  }

  /** Both save at once: that must end as if one had been first. */
  async #saveAtOnce(): Promise<string> {
    const orders = [[0, 1], [1, 0]].map((order) => {
      const [master, editors] = [{ ...this.#expected }, structuredClone(this.#editors)];
      const outcomes: Outcome[] = [];
      for (const who of order) outcomes[who] = saves(editors[who] ?? reads(master), master, this.#isDeclared);
      return { master, editors, outcomes };
    });
    const outcomes = await Promise.all(this.#records.map((record) => outcomeOf(record.save())));
    const stored = await this.#master.getValue("a");
    const drafts = this.#records.map(({ data }) => ({ ...data }));
    const found = orders.find((order) => {
      try {
        assert.deepEqual(outcomes, order.outcomes);
        assert.deepEqual(stored, rowOf(order.master));
        assert.deepEqual(drafts, order.editors.map(draftOf));
        return true;
      } catch {
        return false;
      }
    });
    const actual = { stored, outcomes, drafts };
    assert(found, `no order of the two: ${JSON.stringify(actual)}, expected one of ${JSON.stringify(orders)}`);
    [this.#expected, this.#editors] = [found.master, found.editors];
    return `both save: ${outcomes.join(" | ")}`;
  }

  async check(): Promise<void> {
    assert.deepEqual(await this.#master.getValue("a"), rowOf(this.#expected));
    for (const [who, record] of this.#records.entries()) {
      const editor = this.#editors[who] ?? reads(this.#expected);
      assert.deepEqual(record.data, draftOf(editor));
      const dirty = columnsWhere(editor, isDirty);
      assert.deepEqual(Object.keys(record.changed()).toSorted(), dirty);
      for (const column of dirty) {
        const { base, mine } = editor[column];
        assert.deepEqual(record.changed()[column], { base, mine });
      }
      assert.equal(record.isDirty, dirty.length > 0);
      assert.deepEqual(record.conflict?.columns.toSorted() ?? [], columnsWhere(editor, isClash));
    }
  }
}

const SEEDS = 300;
const STEPS = 30;

async function play(seed: number, isDeclared: boolean, open: (master: MemTable) => TableLike): Promise<void> {
  const chance = new Chance(seed);
  const cells: Master = { a: anyCell(chance), b: anyCell(chance), c: anyCell(chance) };
  const master = new MemTable("t", { rows: [["a", rowOf(cells)]], ...(isDeclared && { columns: COLUMNS_DECLARED }) });
  const table = open(master);
  const records = [await table.getValueRecord("a"), await table.getValueRecord("a")];
  const scene = new Scene(chance, master, isDeclared, cells, records.filter((record) => record !== undefined));
  const trail: string[] = [];
  try {
    for (let step = 0; step < STEPS; step++) {
      trail.push(await scene.step());
      await scene.check();
    }
    if (table instanceof LiveTable) await table.close();
  } catch (cause) {
    throw new Error(`seed ${seed}, from ${JSON.stringify(rowOf(cells))}, after: ${trail.join("; ")}`, { cause });
  }
}

const COLUMNS_DECLARED = COLUMNS.map((name) => ({ name }));

describe("Two editors of a row end as the merge by columns says", () => {
  const kinds: Readonly<Record<string, readonly [isDeclared: boolean, open: (master: MemTable) => TableLike]>> = {
    "a MemTable": [false, (master) => master],
    "a MemTable that declares its columns": [true, (master) => master],
    "a LiveTable": [false, (master) => new LiveTable(master, "t", new MemCache())],
    "a LiveTable over columns that are declared": [true, (master) => new LiveTable(master, "t", new MemCache())],
  };
  for (const [name, [isDeclared, open]] of Object.entries(kinds)) {
    it(`over ${name}`, async () => {
      for (let seed = 1; seed <= SEEDS; seed++) await play(seed, isDeclared, open);
    });
  }
});
