import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { skippable } from "../skippable.ts";
import { compareFile, compareTable, QUICK } from "./compare_database.ts";
import { chanceOf, randomDatabase } from "./random_database.ts";

/** Databases that somebody else designed; where they are not, only those made here are compared. */
const FOLDER = process.env.VANTAGE_DATABASES ?? new URL("../../../shared/databases", import.meta.url).pathname;
const FILES = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name.endsWith(".sqlite")).sort() : [];

const [drawn = 0] = crypto.getRandomValues(new Uint32Array(1));
const SEED = Number(process.env.VANTAGE_SEED ?? drawn);
const RUNS = Number(process.env.VANTAGE_RUNS ?? 15);

describe("SqliteTable answers as plain SQL does:", () => {
  const missing = FILES.length === 0 ? "there are none here; name a folder as VANTAGE_DATABASES" : undefined;
  skippable("with databases that somebody else designed", missing, async () => {
    for (const file of FILES) {
      const results = await compareFile(join(FOLDER, file), QUICK);
      assert.deepEqual(
        results.flatMap(({ table, differences }) => differences.map((one) => `${table}: ${one}`)),
        [],
        file,
      );
      assert.deepEqual(results.filter(({ type, closed }) => type === "table" && closed !== undefined), [], file);
    }
  });

  it(`with tables drawn by chance (VANTAGE_SEED=${SEED} VANTAGE_RUNS=${RUNS})`, async () => {
    for (let run = 0; run < RUNS; run++) {
      const seed = (SEED + run) >>> 0;
      const { db, sql } = randomDatabase(chanceOf(seed));
      const { differences, closed } = await compareTable(db, "t", {
        rows: 30,
        operands: 12,
        foreignStep: 1,
        writes: 4,
      });
      assert.deepEqual(differences.slice(0, 8), [], `VANTAGE_SEED=${seed} VANTAGE_RUNS=1\n${sql}`);
      assert.equal(closed, undefined, `VANTAGE_SEED=${seed} VANTAGE_RUNS=1\n${sql}`);
      db.close();
    }
  });
});
