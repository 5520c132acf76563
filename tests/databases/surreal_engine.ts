import { createNodeEngines } from "@surrealdb/node";
import { createRemoteEngines, Surreal } from "surrealdb";

/** An embedded SurrealDB: a database in memory, or in a folder. */
export async function openSurreal(url = "mem://"): Promise<Surreal> {
  const db = new Surreal({ engines: { ...createRemoteEngines(), ...createNodeEngines() } });
  await db.connect(url, { namespace: "test", database: "test" });
  return db;
}

/**
 * Closes an embedded SurrealDB, without its tables: @surrealdb/node 3.0.3 does not let the process end, or ends it by a
 * segmentation fault, if there are indexes when it is closed.
 */
export async function closeSurreal(db: Surreal): Promise<void> {
  const [{ tables }] = await db.query<[{ tables: Record<string, string> }]>("INFO FOR DB");
  for (const name of Object.keys(tables)) {
    await db.query(`REMOVE TABLE \`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``);
  }
  await db.close();
}
