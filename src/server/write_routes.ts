import type { Row } from "../table/row.ts";
import type { WriteVerb } from "../table/verbs.ts";
import { isList, type Json, memberOf, rowToWire } from "../wire/wire_value.ts";
import { type WireWrite, writeFromWire } from "../wire/wire_writes.ts";
import type { AnsweredWrites, WriteReply } from "./answered_writes.ts";
import { encodedJson, json, noContent, type Refusal } from "./answers.ts";
import { type AskedWrite, askedWrite } from "./asked_write.ts";
import type { WriteBody } from "./body.ts";
import { answerOf, checked, refuse, refuseVerb, TOO_LONG } from "./refusals.ts";
import { type Action, type Call, only, type Routes, WRITE_PLACES } from "./routes.ts";
import type { ServedTable } from "./served_table.ts";
import { type DoneWrite, doWrite, WriteBatch } from "./write_batch.ts";

/** The longest idempotency key, in characters. */
const MAX_KEY_LENGTH = 1024;

/** What the write routes work with. */
export interface WriteRoutesOptions {
  readonly served: ServedTable;
  readonly allowed: ReadonlySet<WriteVerb>;
  /** The writes that were answered; `undefined` if they are not remembered here. */
  readonly answered: AnsweredWrites | undefined;
  readonly maxWrites: number;
  readonly maxAnswerBytes: number;
}

/** The write routes of the allowed verbs. Invalid requests are refused before the table is called. */
export function writeRoutes(options: WriteRoutesOptions): Routes {
  const { allowed } = options;
  const routes: Record<string, Record<string, Action>> = {};
  for (const verb of allowed) {
    const { path, method } = WRITE_PLACES[verb];
    (routes[path] ??= {})[method] = (call) => writeAlone(options, verb, call);
  }
  if (allowed.size > 0) routes[MANY_WRITES] = { POST: (call) => writeMany(options, call) };
  return routes;
}

/** The path of several writes. */
const MANY_WRITES = "/writes";

/** A started write is finished even if the client disconnects: otherwise its result would be unknown. */
async function writeAlone({ served, answered }: WriteRoutesOptions, verb: WriteVerb, call: Call): Promise<Response> {
  const asked = await askedWrite(verb, served, call);
  const key = checkedKey(call.request.headers.get("idempotency-key") ?? undefined);
  const work = replyOnce(answered, asked, key, () => doWrite(asked, key));
  call.finish(work);
  const { status, content, unsettled } = await work;
  if (unsettled) return json({ ...content, unsettled }, status === 204 ? 200 : status);
  return status === 204 ? noContent(204) : json(content, status);
}

/** Each write is checked, permitted, done, remembered and answered as if it were alone. */
async function writeMany(options: WriteRoutesOptions, call: Call): Promise<Response> {
  only([], call.params);
  const items = itemsIn(await call.readBody(), options.maxWrites);
  const read = await Promise.allSettled(items.map((item) => readItem(options, item, call)));
  call.assertOpen();
  const batch = new WriteBatch();
  const replies = read.map((item) => {
    if (item.status === "rejected") return Promise.reject(item.reason);
    const { asked, key } = item.value;
    return replyOnce(options.answered, asked, key, () => batch.add(asked, key));
  });
  const work = Promise.all(replies.map((reply) => reply.then(resultOf, (error) => problemIn(call.refusalOf(error)))));
  call.finish(work);
  await batch.run();
  return resultsAnswer(await work, options.maxAnswerBytes);
}

function itemsIn(body: Json, maxWrites: number): readonly Json[] {
  const writes = memberOf(body, "writes");
  if (writes === undefined || !isList(writes)) throw refuse(`The body must be {"writes": […]}`);
  if (writes.length > maxWrites) throw refuse(`There may be at most ${maxWrites} writes (maxWrites)`, TOO_LONG);
  return writes;
}

interface ReadItem {
  readonly asked: AskedWrite;
  readonly key: string | undefined;
}

async function readItem({ served, allowed }: WriteRoutesOptions, item: Json, call: Call): Promise<ReadItem> {
  const { verb, params, row, where, idempotencyKey } = checked(() => writeFromWire(item));
  if (!allowed.has(verb)) throw refuseVerb(verb);
  await call.admit?.(requestOf(call.request, verb, params));
  const readPatch = async (): Promise<WriteBody> => ({ row: await given(row), where });
  const asked = await askedWrite(verb, served, { params, readRow: () => given(row), readPatch });
  return { asked, key: checkedKey(idempotencyKey) };
}

/** The request for the same write alone, without its body. */
function requestOf({ url, headers }: Request, verb: WriteVerb, params: URLSearchParams): Request {
  const { path, method } = WRITE_PLACES[verb];
  const alone = new URL(url);
  alone.pathname = alone.pathname.replace(/\/writes\/?$/, path);
  alone.search = params.toString();
  return new Request(alone, { method, headers });
}

async function given(row: WireWrite["row"]): Promise<Row> {
  if (row === undefined) throw refuse("A write needs a row");
  return await Promise.resolve(row);
}

function checkedKey(key: string | undefined): string | undefined {
  if (key === undefined || key.length <= MAX_KEY_LENGTH) return key;
  throw refuse(`Idempotency-Key must have at most ${MAX_KEY_LENGTH} characters`);
}

/** Starts the work at once, unless the write is known by its key. */
function replyOnce(
  answered: AnsweredWrites | undefined,
  asked: AskedWrite,
  key: string | undefined,
  work: () => Promise<DoneWrite>,
): Promise<WriteReply> {
  const reply = (): Promise<WriteReply> => answerOf(asked, async () => replyOf(asked, await work()));
  return answered === undefined || key === undefined ? reply() : answered.once(key, asked.text, reply);
}

function replyOf({ op }: AskedWrite, { answer, unsettled }: DoneWrite): WriteReply {
  if (typeof answer === "object") return { status: 200, content: { row: rowToWire(answer) }, unsettled };
  return op.kind === "insertReturnId"
    ? { status: 201, content: { id: answer }, unsettled }
    : { status: 204, content: {}, unsettled };
}

function resultOf({ content, unsettled }: WriteReply): object {
  return unsettled ? { ...content, unsettled } : content;
}

function problemIn({ problem, headers }: Refusal): object {
  const after = headers["retry-after"];
  return after === undefined ? { problem } : { problem, retryAfterMs: Number(after) * 1000 };
}

/** Results beyond the bound are left out: their writes were done, and are to be sent again for their answer. */
function resultsAnswer(results: readonly object[], maxAnswerBytes: number): Response {
  const detail = "The write was done, but its answer is too long here";
  const beyond = { title: "Unavailable", status: 502, detail, code: "unavailable", retriable: true, effect: "unknown" };
  let length = 0;
  const texts = results.map((result) => {
    const text = JSON.stringify(result);
    length += text.length;
    return length <= maxAnswerBytes ? text : JSON.stringify({ problem: beyond });
  });
  const bytes = new TextEncoder().encode(`{"results":[${texts.join(",")}]}`);
  return encodedJson(bytes, { "cache-control": "no-store" });
}
