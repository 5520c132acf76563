import type { OutboxEntry } from "@vantage/live";
import type { Arguments } from "./args.ts";
import { BadInput } from "./bad_input.ts";
import { type Drained, Draining } from "./draining.ts";
import { Interruption } from "./interruption.ts";
import type { Output } from "./output.ts";
import { type Answer, COMMON_FLAGS, type Context, FAULT, NO_SUCH_ROW, TABLE_FLAGS, type Verb } from "./verb.ts";
import { onTable, type Wiring } from "./wiring.ts";
import { printUnreadable, printWrites, unreadableToJson, writeToJson } from "./write_view.ts";

const ACTIONS = ["list", "drain", "retry", "discard"] as const;
type Action = typeof ACTIONS[number];

export const writesVerb: Verb = {
  name: "writes",
  words: ["[list | drain | retry <id> | discard <id>]"],
  most: 2,
  summary: "show, send, retry or discard the writes that wait in the outbox, or have failed",
  details: [
    "list     those that wait, those that the master has refused, with the reason, and those that cannot be read",
    "drain    send what waits. The next add, patch or delete of the table does so, too; nothing else sends it",
    "retry    send one again that has failed, after all others",
    "discard  drop one that has failed, was never sent, or cannot be read",
    "Exit code 1 if there is no such write, or if one has failed or still waits after drain or retry.",
  ],
  flags: [
    { name: "wait", help: "drain: go on until the master is back, or Ctrl-C" },
    ...TABLE_FLAGS,
    ...COMMON_FLAGS,
  ],
  async run(args: Arguments, context: Context): Promise<Answer> {
    const { action, id } = actionOf(args);
    switch (action) {
      case "list":
        return await onOutbox(args, context, (wiring) => list(wiring, context.out));
      case "drain":
        return await drain(args, context);
      case "discard":
        return await onOutbox(args, context, (wiring) => discard(wiring, id, context.out));
      case "retry": {
        const retried = await onOutbox(args, context, (wiring) => retry(wiring, id, context.out), true);
        return retried.exitCode === undefined ? await drain(args, context) : retried;
      }
      default:
        return action satisfies never;
    }
  },
};

function actionOf(args: Arguments): { readonly action: Action; readonly id: string } {
  const [word = "list", id, ...more] = args.words;
  const action = ACTIONS.find((name) => name === word);
  if (action === undefined) {
    throw new BadInput(`Unknown word ${JSON.stringify(word)} after writes; accepted are ${ACTIONS.join(", ")}`);
  }
  const takesId = action === "retry" || action === "discard";
  if (takesId && (id ?? "") === "") throw new BadInput(`writes ${action} needs a non-empty id; writes list shows them`);
  const [extra] = takesId ? more : [id, ...more];
  if (extra !== undefined) throw new BadInput(`${JSON.stringify(extra)} is one word too many after writes ${action}`);
  if (args.has("wait") && action !== "drain") throw new BadInput(`--wait is for writes drain, not for ${action}`);
  return { action, id: id ?? "" };
}

function onOutbox(
  args: Arguments,
  context: Context,
  run: (wiring: Wiring) => Promise<Answer>,
  needsMaster = false,
): Promise<Answer> {
  return onTable(args, context, { needsMaster, outbox: "show", check: () => undefined, run });
}

function list({ stored, places: { entity } }: Wiring, out: Output): Promise<Answer> {
  const [entries, unreadable] = [stored?.all() ?? [], stored?.unreadable() ?? []];
  if (entries.length > 0) printWrites(out, entries);
  printUnreadable(out, unreadable);
  out.line(entries.length === 0 ? `No write of ${entity} waits or has failed.` : countOf(entries));
  const writes = entries.map(writeToJson);
  return Promise.resolve({
    document: { verb: "writes", entity, writes, unreadable: unreadable.map(unreadableToJson) },
  });
}

async function drain(args: Arguments, context: Context): Promise<Answer> {
  const waits = args.has("wait");
  using interruption = new Interruption();
  const { signal } = interruption;
  return await onTable(args, context, {
    needsMaster: !waits,
    check: () => undefined,
    run: async ({ places }) => {
      const drained = await new Draining(places, context, { waits, signal }).run();
      return drainedAnswer(drained, places.entity, context.out);
    },
  });
}

function drainedAnswer({ applied, failed, waiting }: Drained, entity: string, out: Output): Answer {
  out.line(`${applied.length} applied, ${failed.length} failed, ${waiting} waiting`);
  const document = { verb: "writes", entity, applied, failed, waiting };
  return failed.length + waiting === 0 ? { document } : { document, exitCode: FAULT };
}

async function retry({ live, stored, places: { entity } }: Wiring, id: string, out: Output): Promise<Answer> {
  const entry = entryOf(stored, id);
  if (entry === undefined) return noSuchWrite(entity, id, out);
  if (entry.state !== "failed") {
    throw new BadInput(`The write ${JSON.stringify(id)} has not failed; writes drain sends it`);
  }
  return await live.retry(id) ? {} : noSuchWrite(entity, id, out);
}

async function discard({ live, stored, places: { entity } }: Wiring, id: string, out: Output): Promise<Answer> {
  const entry = entryOf(stored, id);
  const unreadable = stored?.unreadable().find((other) => other.id === id);
  if (entry === undefined && unreadable === undefined) return noSuchWrite(entity, id, out);
  if (entry?.state === "sent" || !await live.discard(id)) {
    throw new BadInput(`The write ${JSON.stringify(id)} was sent and may have been applied; writes drain finds out`);
  }
  out.line(`discarded ${id}`);
  const discarded = entry === undefined ? unreadable && unreadableToJson(unreadable) : writeToJson(entry);
  return { document: { verb: "writes", entity, ...(discarded !== undefined && { discarded }) } };
}

function entryOf(stored: Wiring["stored"], id: string): OutboxEntry | undefined {
  return stored?.all().find(({ write }) => write.id === id);
}

function noSuchWrite(entity: string, id: string, out: Output): Answer {
  out.error(`No such write: ${entity} has no ${JSON.stringify(id)} in the outbox; nothing was changed`);
  return { document: { verb: "writes", entity, id, outcome: "missing" }, exitCode: NO_SUCH_ROW };
}

function countOf(entries: readonly OutboxEntry[]): string {
  const failed = entries.filter(({ state }) => state === "failed").length;
  return `${entries.length - failed} waiting, ${failed} failed`;
}
