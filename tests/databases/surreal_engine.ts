import { createNodeEngines } from "@surrealdb/node";
import { createRemoteEngines, Surreal } from "surrealdb";

/** An embedded SurrealDB: a database in memory, or in a folder. */
export async function openSurreal(url = "mem://"): Promise<Surreal> {
  const db = new Surreal({ engines: { ...createRemoteEngines(), ...createNodeEngines() } });
  await db.connect(url, { namespace: "test", database: "test" });
  return db;
}
