import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  defineTable,
  MemTable,
  NotFoundError,
  Pagination,
  type Query,
  RejectedError,
  type Row,
  Rows,
  type SourceCall,
  type Table,
  TableError,
  type TableLike,
  type TableSource,
  UnsupportedError,
} from "@vantage/live";

const ROWS: readonly Row[] = [
  { id: "10", name: "Bun", price: 2, city: "Riga" },
  { id: "2", name: "Roll", price: null, city: "riga" },
  { id: "3", name: "Ärm", city: "Tallinn" },
];

/** A table whose source notes what it is asked. */
function spied(source: Partial<TableSource>): { readonly table: Table; readonly calls: SourceCall[] } {
  const calls: SourceCall[] = [];
  const table = defineTable({
    name: "products",
    idField: "id",
    list: (call) => {
      calls.push(call);
      return ROWS;
    },
    ...source,
  });
  return { table, calls };
}

async function ids(table: Table): Promise<string[]> {
  return (await table.listValues()).ids();
}

describe("defineTable", () => {
  it("takes bare rows, entries, maps or Rows, now or later", async () => {
    const row = { id: "a", name: "Bun" };
    for (
      const answer of [
        [row],
        [["a", row] as const],
        new Map([["a", row]]),
        Rows.from([["a", row]]),
        Promise.resolve([row]),
      ]
    ) {
      const table = defineTable({ name: "products", idField: "id", list: () => answer });
      assert.deepEqual((await table.listValues()).get("a"), row);
    }
    assert.equal((await defineTable({ name: "none", list: () => [] }).listValues()).size, 0);
  });

  it("takes numbers in idField as ids, and keeps the source's order", async () => {
    const table = defineTable({ name: "n", idField: "id", list: () => [{ id: 10 }, { id: 2 }, { id: 3n }] });
    assert.deepEqual(await ids(table), ["10", "2", "3"]);
  });

  it("does in memory, on all rows, what the source cannot do", async () => {
    const { table, calls } = spied({});
    assert.deepEqual(await ids(table.where("price", "gt", 1)), ["10"]);
    assert.deepEqual(await ids(table.orderBy("name", "desc")), ["3", "2", "10"]);
    assert.deepEqual(await ids(table.search("RIGA")), ["10", "2"]);
    assert.deepEqual(await ids(table.page(2, 2)), ["3"]);
    assert.deepEqual(await ids(table.where("price", "isNull").orderBy("id", "desc").page(1, 1)), ["3"]);
    assert.deepEqual(calls.map((call) => call.query), [{}, {}, {}, {}, {}]);
  });

  it("hands the source the part of the query that it can do, and does the rest", async () => {
    const { table, calls } = spied({ capabilities: { where: ["eq"], orderBy: true } });
    await ids(table.where({ name: "Bun" }).where("price", "gt", 1).orderBy("name").page(1, 2));
    assert.deepEqual(calls.map((call): Query => call.query), [
      { where: [["name", "eq", "Bun"]], orderBy: [["name", "asc"]] },
    ]);
  });

  it("hands a page on when nothing is left to do before it", async () => {
    const { table, calls } = spied({ capabilities: { where: ["eq"], page: true } });
    await ids(table.where({ name: "Bun" }).page(2, 5));
    assert.equal(calls[0]?.query.pagination?.skip, 5);
  });

  it("refuses to filter, search or order within one page of many", async () => {
    const { table, calls } = spied({ capabilities: { page: true } });
    for (const refused of [table.where("price", "gt", 1), table.search("x"), table.orderBy("name")]) {
      await assert.rejects(refused.page(1).listValues(), UnsupportedError);
    }
    await assert.rejects(table.where("price", "gt", 1).page(1).listValues(), /"gt" on "price" to "products"/);
    assert.equal(calls.length, 0);
    assert.deepEqual(await ids(table.where("price", "gt", 1)), ["10"], "without a page all rows are read anyway");
  });

  it("verbs that the source lacks are absent from capabilities and reject with UnsupportedError", async () => {
    const { table } = spied({ capabilities: { page: true } });
    const { where, page, orderBy, search, exact, sameRows, ...verbs } = table.capabilities;
    assert.deepEqual([where, page, orderBy, search, exact, sameRows], [[], true, false, false, true, true]);
    assert(Object.values(verbs).every((can) => can === false));
    const calls: readonly (() => Promise<unknown>)[] = [
      () => table.getCount(),
      () => table.getValue("10"),
      () => table.insertValue("x", {}),
      () => table.replaceValue("x", {}),
      () => table.patchValue("x", {}),
      () => table.delete("x"),
      () => table.deleteAll(),
      () => table.insertReturnIdValue({}),
    ];
    for (const call of calls) {
      await assert.rejects(call(), { name: "UnsupportedError", message: /"products" does not support/ });
    }
  });

  it("a source can hide a verb, and cannot advertise one that it lacks", async () => {
    const { table } = spied({ delete: () => {}, capabilities: { delete: false } });
    await assert.rejects(table.delete("10"), UnsupportedError);
    assert.throws(() => spied({ capabilities: { insert: true } }), { name: "TypeError", message: /advertises insert/ });
  });

  it("narrowed handles find, patch and delete only their own rows, though the source knows nothing of it", async () => {
    const rows = new Map(ROWS.map((row) => [String(row.id), row]));
    const touched: string[] = [];
    const { table } = spied({
      list: () => [...rows.values()],
      get: (id) => rows.get(id),
      patch: (id, partial) => {
        touched.push(`patch ${id}`);
        return { ...rows.get(id), ...partial };
      },
      delete: (id) => {
        touched.push(`delete ${id}`);
        rows.delete(id);
      },
      count: () => rows.size,
    });
    const riga = table.where({ city: "Riga" });
    assert.equal(await riga.getValue("2"), undefined);
    await assert.rejects(riga.patchValue("2", { price: 1 }), NotFoundError);
    await riga.delete("2");
    assert.deepEqual(touched, []);
    assert.equal((await riga.patchValue("10", { price: 1 })).price, 1);
    assert.equal(await riga.getCount(), 1);
    await riga.deleteAll();
    assert.deepEqual(touched, ["patch 10", "delete 10"]);
    assert.deepEqual([...rows.keys()], ["2", "3"]);
  });

  it("deleteAll() of a narrowed set deletes row by row, each under a key of its own", async () => {
    const rows = new Map(ROWS.map((row) => [String(row.id), row]));
    const keys = new Set<string | undefined>();
    const { table } = spied({
      list: () => [...rows.values()],
      get: (id) => rows.get(id),
      delete: (id, { idempotencyKey }) => {
        if (!keys.has(idempotencyKey)) rows.delete(id);
        keys.add(idempotencyKey);
      },
    });
    await table.search("r").deleteAll({ idempotencyKey: "k" });
    assert.deepEqual([...rows.keys()], []);
    assert.deepEqual([...keys], ["k/10", "k/2", "k/3"]);
  });

  it("deleteAll() of a narrowed set is possible where delete is, though the source could narrow", async () => {
    const rows = new Map([["a", { n: 1 }], ["b", { n: 2 }], ["c", { n: 2 }]]);
    const asked: unknown[] = [];
    const table = defineTable({
      name: "t",
      scoped: true,
      capabilities: { where: ["eq"] },
      list: ({ query }) => (asked.push(query.where), [...rows].filter(([, { n }]) => n === query.where?.[0]?.[2])),
      delete: (id, { query }) => (asked.push(query.where), void rows.delete(id)),
    });
    await table.where("n", "eq", 2).deleteAll();
    assert.deepEqual([...rows.keys()], ["a"]);
    assert.deepEqual(asked, Array(3).fill([["n", "eq", 2]]));
    await assert.rejects(table.deleteAll(), UnsupportedError);
  });

  it("deleteAll() that fails half way does not claim that nothing was changed", async () => {
    const refusal = new RejectedError("no");
    const deleted: string[] = [];
    const { table } = spied({
      get: (id) => ROWS.find((row) => row.id === id),
      delete: (id) => {
        if (id === "2") throw refusal;
        deleted.push(id);
      },
    });
    await assert.rejects(
      table.search("r").deleteAll(),
      (error) => error instanceof Error && !(error instanceof TableError) && error.cause === refusal,
    );
    assert.deepEqual(deleted, ["10"]);
    await assert.rejects(table.where({ name: "Roll" }).deleteAll(), (error) => error === refusal);
  });

  it("a scoped source is handed the narrowing, and trusted with it", async () => {
    const asked: Query[] = [];
    const note = ({ query }: SourceCall): void => void asked.push(query);
    const { table } = spied({
      scoped: true,
      capabilities: { where: ["eq"] },
      get: (_, call) => (note(call), { id: "x", city: "elsewhere" }),
      delete: (_, call) => note(call),
      deleteAll: note,
    });
    const riga = table.where({ city: "Riga" }).page(1);
    assert.deepEqual(await riga.getValue("x"), { id: "x", city: "elsewhere" });
    await riga.delete("x");
    await table.where({ city: "Riga" }).deleteAll();
    assert.deepEqual(asked, Array(3).fill({ where: [["city", "eq", "Riga"]] }));
  });

  it("passes the signal and the idempotency key on, and starts nothing once aborted", async () => {
    const seen: SourceCall[] = [];
    const { table, calls } = spied({ insert: (_, row, call) => (seen.push(call), row) });
    const control = new AbortController();
    await table.insertValue("x", {}, { signal: control.signal, idempotencyKey: "k" });
    assert.deepEqual([seen[0]?.signal, seen[0]?.idempotencyKey], [control.signal, "k"]);
    control.abort("enough");
    await assert.rejects(table.listValues({ signal: control.signal }), (thrown) => thrown === "enough");
    assert.equal(calls.length, 0);
  });

  it("names what a source answers wrongly", async () => {
    const table = (rows: readonly Row[], idField?: string): Table =>
      defineTable({ name: "odd", idField, list: () => rows });
    await assert.rejects(table([{ id: "a" }]).listValues(), { code: "invalid_answer", message: /"odd".*no idField/ });
    await assert.rejects(table([{ name: "x" }], "id").listValues(), {
      code: "invalid_answer",
      message: /"odd" answered wrongly: a row has no id in "id", but null/,
    });
    await assert.rejects(table([{ id: "a" }, { id: "a" }], "id").listValues(), /Two rows have the id "a"/);
    await assert.rejects(
      defineTable({ name: "odd", list: () => [], insertReturnId: () => JSON.parse("5") })
        .insertReturnIdValue({}),
      /an id that is number 5/,
    );
    await assert.rejects(defineTable({ name: "odd", list: () => JSON.parse('{"data":[]}') }).listValues(), {
      code: "invalid_answer",
      message: /"odd" answered wrongly: a list must be rows, got an object/,
    });
    assert.throws(() => defineTable({ name: "", list: () => [] }), TypeError);
    assert.throws(() => Reflect.apply(defineTable, undefined, [{ name: "x" }]), {
      name: "TypeError",
      message: /no list function/,
    });
  });

  it("checks that a row's id column agrees with its id", async () => {
    const { table } = spied({ insert: (_, row) => row });
    await table.insertValue("1", { id: 1 });
    await assert.rejects(table.insertValue("1", { id: 2 }), {
      name: "TypeError",
      message: /"id" is number 2, but its id is "1"/,
    });
  });

  it("refuses by name what a source does not have, unless it is an instance of a class", async () => {
    const define = (source: unknown): Table => Reflect.apply(defineTable, undefined, [source]);
    const source = { name: "odd", list: () => [] };
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [undefined, /A source must be an object, got undefined/],
      [class Source {}, /A source must be an object, got a function/],
      [{ ...source, inserts: () => ({}) }, /Unknown option "inserts" of the source "odd"; accepted are name.*insert/],
      [{ ...source, idfield: "id" }, /Unknown option "idfield"/],
      [{ name: "odd", lst: () => [] }, /Unknown option "lst".*accepted are name.*list/],
      [{ ...source, get: 5 }, /get of the source "odd" must be a function, got number 5/],
      [{ ...source, patch: null }, /patch of the source "odd" must be a function, got null/],
      [{ ...source, idField: 5 }, /idField of the source "odd" must be a name, got number 5/],
      [{ ...source, idField: "" }, /idField of the source "odd" must be a name, got ""/],
      [{ ...source, scoped: "yes" }, /scoped of the source "odd" must be true or false, got "yes"/],
      [{ ...source, columns: ["id"] }, /columns of the source "odd" must be a list of objects with a name/],
      [{ ...source, columns: { id: {} } }, /columns of the source "odd" must be a list/],
      [{ ...source, refs: 5 }, /refs of the source "odd" must be an object of functions, got number 5/],
      [{ ...source, capabilities: { paging: true } }, /Unknown option "paging" of the capabilities.*"odd"/],
      [{ ...source, capabilities: { page: "yes" } }, /page in the capabilities.* must be true or false, got "yes"/],
      [{ ...source, capabilities: { where: true } }, /where in the capabilities.* must be a list of operators/],
      [{ ...source, capabilities: { where: ["like"] } }, /must be a list of operators.*accepted are eq/],
      [{ ...source, capabilities: [] }, /The options of the capabilities.* must be an object, got an array/],
    ];
    for (const [given, message] of cases) assert.throws(() => define(given), { name: "TypeError", message });
    class Source {
      readonly name = "mine";
      readonly inserts = 5;
      readonly rows = [["a", {}]];
      list = () => this.rows;
      helper(): void {}
    }
    assert.deepEqual((await define(new Source()).listValues()).ids(), ["a"]);
    assert.deepEqual((await define({ ...source, insert: undefined, columns: undefined }).listValues()).ids(), []);
  });

  it("getRef() makes the related table when it is asked for", () => {
    const clients = new MemTable("clients");
    const { table } = spied({ refs: { clients: () => clients } });
    assert.deepEqual(table.refNames, ["clients"]);
    assert.equal(table.getRef("clients"), clients);
    for (const name of ["suppliers", "toString", "__proto__"]) {
      assert.throws(() => table.getRef(name), { name: "NotFoundError", message: /accepted are clients/ });
    }
  });
});

describe("Table, over what a source answers", () => {
  const answering = (answers: Record<string, unknown>): Table =>
    spied({
      ...Object.fromEntries(Object.entries(answers).map(([verb, answer]) => [verb, () => answer])),
    }).table;
  const call = (table: Table, verb: string, ...args: unknown[]): Promise<unknown> =>
    Reflect.apply(Reflect.get(table, verb), table, args);

  it("finds and counts among the rows of list where the source can do neither and does not page", async () => {
    const { table } = spied({});
    assert.deepEqual([table.capabilities.get, table.capabilities.count], [true, true]);
    assert.deepEqual(await table.getValue("2"), ROWS[1]);
    assert.equal(await table.getValue("02"), undefined);
    assert.equal(await table.where({ name: "Bun" }).getValue("2"), undefined);
    assert.equal(await table.getCount(), 3);
    assert.equal(await table.search("riga").page(1, 1).getCount(), 2);
    const hidden = spied({ capabilities: { get: false, count: false } }).table;
    await assert.rejects(hidden.getValue("2"), UnsupportedError);
    await assert.rejects(hidden.getCount(), UnsupportedError);
    const paging = spied({ capabilities: { page: true } }).table;
    assert.deepEqual([paging.capabilities.get, paging.capabilities.count], [false, false]);
    await assert.rejects(paging.getCount(), UnsupportedError);
  });

  const WRONG: readonly (readonly [verb: string, answer: unknown, call: string, ...args: unknown[]])[] = [
    ...[null, undefined, 5, "rows", {}, [null], [["a"]], [5], [[5, {}]], [["a", {}], ["a", {}]], [["a", new Map()]]]
      .map((answer) => ["list", answer, "listValues"] as const),
    ...[-1, NaN, 1.5, Infinity, "3", null, undefined, 3n].map((answer) => ["count", answer, "getCount"] as const),
    ...[{ id: "3" }, { id: 3 }, 5, [], "row"].flatMap((answer) =>
      [" 3", "3.0", "03"].map((id) => ["get", answer, "getValue", id] as const)
    ),
    ...["insert", "replace", "patch"].flatMap((verb) =>
      [undefined, null, 5, { id: "other" }].map((answer) => [verb, answer, `${verb}Value`, "10", {}] as const)
    ),
    ...[5, "", null, undefined].map((answer) => ["insertReturnId", answer, "insertReturnIdValue", {}] as const),
  ];
  for (const [verb, answer, method, ...args] of WRONG) {
    it(`${method}(${args.map(String)}) over ${verb} that answers ${show(answer)} is an InvalidAnswerError`, async () => {
      await assert.rejects(call(answering({ [verb]: answer }), method, ...args), {
        code: "invalid_answer",
        effect: "unknown",
      });
    });
  }

  it("takes rows from whatever can be iterated, now or later", async () => {
    const [bun = {}, roll = {}] = ROWS;
    const entries = [["10", bun], ["2", roll]] as const;
    const answers: Record<string, () => unknown> = {
      "a generator of rows": function* () {
        yield* [bun, roll];
      },
      "a generator of entries": function* () {
        yield* entries;
      },
      "a set": () => new Set([bun, roll]),
      "rows beside entries": () => [bun, entries[1]],
      "a thenable": () => ({ then: (resolve: (rows: unknown) => void) => resolve([bun, roll]) }),
      "a thenable of a generator": () => ({ then: (resolve: (rows: unknown) => void) => resolve(entries.values()) }),
    };
    for (const [name, list] of Object.entries(answers)) {
      const { table } = spied({ list: list as TableSource["list"] });
      assert.deepEqual((await table.listValues()).toArray(), entries, name);
    }
  });

  const ODD_LISTS: readonly (readonly [answer: unknown, message: RegExp])[] = [
    [(async function* () {})(), /an async iterable, whose rows have to be collected first/],
    [[undefined], /a row in a list is undefined/],
    [[ROWS[0], undefined], /a row in a list is undefined/],
    [Array(2), /a row in a list is undefined/],
    [new Uint8Array(1), /a row in a list is number 0/],
    [[["10", undefined]], /A row must be a plain object, got undefined/],
    [[["10"]], /A row must be a plain object, got undefined/],
    [[[10, ROWS[0]]], /A row's id must be a string, got number 10/],
    [[["11", ROWS[0]]], /answered with row "10" where "11" was meant/],
    [Rows.from([["11", ROWS[0] ?? {}]]), /answered with row "10" where "11" was meant/],
    [[["11", { id: null }]], /answered with row null where "11" was meant/],
    [new Map([["11", { id: 10 }]]), /answered with row number 10 where "11" was meant/],
    [{ then: (_: unknown, reject: (error: unknown) => void) => reject(new TypeError("mine")) }, /^mine$/],
  ];
  for (const [answer, message] of ODD_LISTS) {
    it(`names what is wrong with a list: ${message.source}`, async () => {
      const { table } = spied({ list: () => answer as Row[] });
      await assert.rejects(table.listValues(), { message });
    });
  }

  it("a source that compares ids itself may write bytes as an id in its own way", async () => {
    const row = { id: new Uint8Array([1]) };
    const { table } = spied({ checksIds: true, list: () => [["0x01", row]], get: () => row });
    assert.deepEqual((await table.listValues()).get("0x01"), row);
    assert.deepEqual(await table.getValue("0x01"), row);
  });

  it("every call of the source has the signal of the call that it is for", async () => {
    const { signal } = new AbortController();
    const seen: string[] = [];
    const verb = (name: string, answer: unknown) => (...args: unknown[]) => {
      assert.equal((args.at(-1) as SourceCall).signal, signal, name);
      seen.push(name);
      return answer;
    };
    const answers = { list: ROWS, get: {}, count: 3, insert: {}, replace: {}, patch: {}, insertReturnId: "1" };
    const source = { ...answers, delete: undefined, deleteAll: undefined };
    const { table } = spied(
      Object.fromEntries(Object.entries(source).map(([name, answer]) => [name, verb(name, answer)])),
    );
    await table.listValues({ signal });
    await table.getSomeValue({ signal });
    await table.getCount({ signal });
    await table.getValue("1", { signal });
    await table.insertValue("1", {}, { signal });
    await table.replaceValue("1", {}, { signal });
    await table.patchValue("1", {}, { signal });
    await table.delete("1", { signal });
    await table.deleteAll({ signal });
    await table.where("id", "ne", "10").deleteAll({ signal });
    await table.insertReturnIdValue({}, { signal });
    assert.deepEqual([...new Set(seen)].sort(), Object.keys(source).sort());
  });

  it("cancelling streamValues() aborts the signal of the source, as its own signal does", async () => {
    for (const end of ["cancel", "abort"]) {
      const asked = Promise.withResolvers<AbortSignal | undefined>();
      const table = defineTable({ name: "t", list: ({ signal }) => (asked.resolve(signal), new Promise(() => {})) });
      const control = new AbortController();
      const stream = table.streamValues({ signal: control.signal });
      const reader = stream.getReader();
      const read = reader.read();
      const signal = await asked.promise;
      assert.equal(signal?.aborted, false);
      if (end === "cancel") await reader.cancel("enough");
      else control.abort("enough");
      assert.deepEqual([signal?.aborted, signal?.reason], [true, "enough"]);
      void read.catch(() => {});
    }
  });

  it("a page of more rows than were asked for is an InvalidAnswerError", async () => {
    const { table } = spied({ capabilities: { page: true } });
    await assert.rejects(table.page(1, 2).listValues(), { code: "invalid_answer", message: /3 rows.*holds 2/ });
  });

  it("writes of columns that the source does not name are refused before anything is sent", async () => {
    const { table, calls } = spied({ columns: [{ name: "name" }], patch: (_, row) => row, insertReturnId: () => "1" });
    for (const refused of [() => table.patchValue("10", { nmae: 1 }), () => table.insertReturnIdValue({ nmae: 1 })]) {
      await assert.rejects(refused(), { name: "TypeError", message: /"nmae".*"products"; accepted are name/ });
    }
    assert.equal(calls.length, 0);
  });

  it("options that do not exist are refused by name", () => {
    assert.throws(() => Reflect.construct(MemTable, ["t", { colums: [] }]), {
      name: "TypeError",
      message: /"colums" of a MemTable; accepted are rows, columns, idField/,
    });
  });
});

function show(value: unknown): string {
  return typeof value === "bigint" ? `${value}n` : JSON.stringify(value) ?? String(value);
}

describe("Table, narrowing", () => {
  const table = defineTable({ name: "products", columns: [{ name: "name" }, { name: "price" }], list: () => [] });
  const call = (...args: unknown[]): unknown => Reflect.apply(table.where, table, args);

  it("adds to what is there, and never changes the handle", () => {
    const narrowed = table.where({ name: "Bun", price: undefined }).where("price", "gt", 1).orderBy("name").search("x")
      .page(2);
    assert.deepEqual(narrowed.query.where, [["name", "eq", "Bun"], ["price", "gt", 1]]);
    assert.deepEqual(narrowed.query.orderBy, [["name", "asc"]]);
    assert.equal(narrowed.page(3).query.pagination?.itemsPerPage, 50);
    assert.equal(narrowed.page(3, 20).page(4).query.pagination?.skip, 60);
    assert.equal(narrowed.search("").query.search, undefined);
    assert.deepEqual(table.query, {});
    assert.throws(() => Object.assign(narrowed.query, { search: "y" }), TypeError);
  });

  it("page() keeps the size of the page unless one is given, and refuses one below 1", () => {
    const perPage = (table: TableLike): number | undefined => table.query.pagination?.itemsPerPage;
    const table = new MemTable("t");
    assert.equal(perPage(table.withQuery({ pagination: new Pagination(3, 7) })), 7);
    assert.equal(perPage(table.page(2)), 50);
    assert.equal(perPage(table.page(3, 7).page(2)), 7);
    assert.throws(() => table.page(3, 7).page(2, 0), RangeError);
    assert.throws(() => table.page(0), RangeError);
    assert.equal(perPage(table.page(3, 7).page(2, 9)), 9);
  });

  it("takes `eq null` as isNull, and `ne null` as notNull", () => {
    assert.deepEqual(table.where({ price: null }).query.where, [["price", "isNull"]]);
    assert.deepEqual(table.where("price", "ne", null).query.where, [["price", "notNull"]]);
  });

  it("hands out operands that can be changed without changing the query", async () => {
    const dated = new MemTable("t", { rows: [["a", { at: new Date(10) }], ["b", { at: new Date(1000) }]] });
    const late = dated.where("at", "gt", new Date(100));
    const operand = late.query.where?.[0]?.[2];
    assert(operand instanceof Date);
    operand.setTime(0);
    assert.deepEqual((await late.listValues()).ids(), ["b"]);
    assert.deepEqual(late.query.where, [["at", "gt", new Date(100)]]);
  });

  it("rows that a source keeps for itself are not shared with who reads", async () => {
    const held = Rows.from([["a", { at: new Date(1) }]]);
    const rows = await defineTable({ name: "t", list: () => held }).listValues();
    const at = held.get("a")?.at;
    assert(at instanceof Date);
    at.setTime(99);
    assert.deepEqual(rows.get("a"), { at: new Date(1) });
  });

  it("copies values, so that changing them changes no query", () => {
    const date = new Date(5);
    const narrowed = table.where({ price: date });
    date.setTime(9);
    assert.deepEqual(narrowed.query.where, [["price", "eq", new Date(5)]]);
  });

  it("names what it does not know, and what is accepted", () => {
    assert.throws(() => call("prise", "eq", 1), {
      name: "TypeError",
      message: /"prise" in a condition on "products"; accepted are name, price/,
    });
    assert.throws(() => call("price", "like", 1), {
      name: "TypeError",
      message: /operator "like".*accepted are eq, ne, gt/,
    });
    assert.throws(() => call("price", "in", 1), {
      name: "TypeError",
      message: /"in" on "price" takes an array, got number 1/,
    });
    assert.throws(() => call("price", "gt"), { name: "TypeError", message: /"gt" on "price" needs a value/ });
    assert.throws(() => call("price", "eq", () => 1), { name: "TypeError", message: /a function \(at price\)/ });
    assert.throws(() => table.orderBy("prise"), { name: "TypeError", message: /in an order/ });
    assert.throws(() => Reflect.apply(table.orderBy, table, ["price", "up"]), {
      name: "TypeError",
      message: /"up".*accepted are asc, desc/,
    });
    const withQuery = (query: unknown): unknown => Reflect.apply(table.withQuery, table, [query]);
    assert.throws(() => withQuery({ where: {} }), { name: "TypeError", message: /where must be an array/ });
    assert.throws(() => withQuery({ where: ["price"] }), {
      name: "TypeError",
      message: /\[column, operator, value\], got "price"/,
    });
    assert.throws(() => withQuery({ orderBy: ["price"] }), { name: "TypeError", message: /got "price"/ });
    assert.throws(() => withQuery({ where: [["", "eq", 1]] }), {
      name: "TypeError",
      message: /must be a name, got ""/,
    });
    assert.throws(() => withQuery({ search: 5 }), {
      name: "TypeError",
      message: /search must be a string, got number 5/,
    });
    assert.throws(() => withQuery({ pagination: { page: 1 } }), { name: "TypeError", message: /must be a Pagination/ });
  });
});

describe("Table, reading in pieces", () => {
  it("streamValues() asks nobody before the first row is asked for, and stops when cancelled", async () => {
    const { table, calls } = spied({});
    const reader = table.streamValues().getReader();
    assert.equal(calls.length, 0);
    assert.equal((await reader.read()).value?.[0], "10");
    await reader.cancel();
    assert.equal(calls.length, 1);
    assert.equal(calls[0]?.signal?.aborted, true);
  });

  it("streamValues() fails as listValues() does", async () => {
    const { table } = spied({ list: () => Promise.reject(new Error("unreachable")) });
    await assert.rejects(table.streamValues().getReader().read(), /unreachable/);
    const aborted = table.streamValues({ signal: AbortSignal.abort("enough") });
    await assert.rejects(aborted.getReader().read(), (thrown) => thrown === "enough");
  });

  it("getSomeValue() asks for one row where the source can page", async () => {
    const limits: (number | undefined)[] = [];
    const { table } = spied({
      capabilities: { page: true },
      list: ({ query }) => (limits.push(query.pagination?.limit), ROWS.slice(0, 1)),
    });
    assert.equal((await table.getSomeValue())?.[0], "10");
    assert.deepEqual(limits, [1]);
    const whole = spied({});
    assert.equal((await whole.table.where({ name: "Roll" }).getSomeValue())?.[0], "2");
    assert.equal(await whole.table.where({ name: "Nothing" }).getSomeValue(), undefined);
  });
});

describe("MemTable", () => {
  it("refuses a row at first whose id column has another id", () => {
    assert.throws(() => new MemTable("t", { idField: "id", rows: [["a", { id: "b" }]] }), {
      name: "TypeError",
      message: /Row "a" for "t" has another id in "id"/,
    });
  });

  it("gives rows the id column that they lack, and new rows ids that were never used", async () => {
    const table = new MemTable("products", { idField: "id", rows: [["a", { name: "Bun" }], ["1", {}]] });
    assert.deepEqual(await table.getValue("a"), { id: "a", name: "Bun" });
    const first = await table.insertReturnIdValue({});
    await table.delete(first);
    assert.notEqual(await table.insertReturnIdValue({}), first);
    assert.equal(await table.insertReturnIdValue({ id: "mine" }), "mine");
    await assert.rejects(table.insertReturnIdValue({ id: "mine" }), { code: "conflict" });
    await assert.rejects(table.insertReturnIdValue({ id: {} }), /The id of a new row must be a text or a number, got/);
  });

  it("gives a new row the id that was made for it, once, unless the row names another", async () => {
    const table = new MemTable("products", { idField: "id" });
    for (let time = 0; time < 2; time++) {
      assert.equal(await table.insertReturnIdValue({ name: "Bun" }, { newId: "made" }), "made");
    }
    assert.equal(await table.insertReturnIdValue({ id: "mine" }, { newId: "made" }), "mine");
    assert.deepEqual([...await table.listValues()], [["made", { id: "made", name: "Bun" }], ["mine", { id: "mine" }]]);
  });
});
