import type { LiveEvent } from "@vantage/live";

/** What makes an event happen to a table with the columns `id` and `n`. */
export function statementOf(event: LiveEvent, name: string): string {
  if (event.kind === "changed") return `TRUNCATE ${name}`;
  const id = `'${event.id}'`;
  switch (event.kind) {
    case "inserted":
      return `INSERT INTO ${name} VALUES (${id})`;
    case "updated":
      return `INSERT INTO ${name} VALUES (${id}) ON CONFLICT DO NOTHING; UPDATE ${name} SET n = 1 WHERE id = ${id}`;
    case "deleted":
      return `INSERT INTO ${name} VALUES (${id}); DELETE FROM ${name} WHERE id = ${id}`;
    default:
      return event satisfies never;
  }
}
