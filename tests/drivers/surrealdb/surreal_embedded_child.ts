/**
 * Uses SurrealDB embedded in this process, and prints what was wrong as JSON. The tests do not do that in their own process,
 * which the engine would not let end, or would end by a segmentation fault.
 */
import process from "node:process";
import { createNodeEngines } from "@surrealdb/node";
import { LiveTable, MemCache } from "@vantage/live";
import { SurrealLiveStream, SurrealTable } from "@vantage/live/surrealdb";
import { tableConformance, type TableHarness } from "@vantage/live/testing";
import { createRemoteEngines, Surreal } from "surrealdb";
import { EVERYTHING, IN_MEMORY } from "../../conformance/abilities.ts";

const [, , url = "mem://", task = ""] = process.argv;
const db = new Surreal({ engines: { ...createRemoteEngines(), ...createNodeEngines() } });
await db.connect(url, { namespace: "test", database: "test" });

const TASKS: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  "keep the promises": async () => {
    let made = 0;
    const harness: TableHarness = {
      ...IN_MEMORY,
      capabilities: EVERYTHING,
      idField: "id",
      keepsOrder: false,
      open: async (rows) => {
        const name = `bakery_${++made}`;
        await db.query(`DEFINE TABLE ${name}; INSERT INTO ${name} $records`, {
          records: rows.map(([id, row]) => ({ id: Number(id), ...row })),
        });
        return { table: await SurrealTable.open(db, name), close: () => {} };
      },
    };
    const wrong: string[] = [];
    for (const { name, skip, run } of tableConformance) {
      if (skip?.(harness) !== undefined) continue;
      await run(harness).catch((error: unknown) => void wrong.push(`${name}: ${error}`));
    }
    return made < 150 ? [`only ${made} tables were tried`] : wrong;
  },
  "hear of a change": async () => {
    await db.query("DEFINE TABLE t; CREATE t:1 SET n = 1");
    const liveStream = new SurrealLiveStream(db, "t", { oneByOne: true });
    const table = new LiveTable(await SurrealTable.open(db, "t"), "t", new MemCache(), { liveStream });
    const reader = liveStream.subscribe().getReader();
    await reader.read();
    await table.listValues();
    await db.query("UPDATE t:1 SET n = 2");
    const { value } = await reader.read();
    const row = await table.getValue("1");
    return value?.kind === "updated" && row?.["n"] === 2 ? [] : [JSON.stringify([value, row])];
  },
  "write": async () => {
    await db.query(
      "DEFINE TABLE t SCHEMAFULL; DEFINE FIELD name ON t TYPE string; DEFINE INDEX u ON t FIELDS name UNIQUE",
    );
    await (await SurrealTable.open(db, "t")).insertValue("a", { name: "Bun" });
    await db.close();
    return [];
  },
  "read": async () => {
    const row = await (await SurrealTable.open(db, "t")).getValue("a");
    return row?.["name"] === "Bun" ? [] : [JSON.stringify(row)];
  },
};

const wrong = await TASKS[task]?.() ?? ["no such task"];
process.stdout.write(`${JSON.stringify(wrong)}\n`, () => process.kill(process.pid, "SIGKILL"));
