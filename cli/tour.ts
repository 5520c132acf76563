import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type LiveHandle, ManualLiveStream, type Row, type Rows } from "@vantage/live";
import { SseLiveStream } from "@vantage/live/rest";
import { RestTable } from "@vantage/live/rest";
import { SqliteTable } from "@vantage/live/sqlite";
import type { Arguments } from "./args.ts";
import { SMALL_BAKERY } from "./bakery.ts";
import { ChildServer } from "./child_server.ts";
import { runUntilEvent } from "./received_event.ts";
import { printWiring } from "./info_verb.ts";
import { Interruption } from "./interruption.ts";
import type { Json } from "./json_form.ts";
import { type Output, paint } from "./output.ts";
import { eventsUrl, type Places, tableUrl } from "./places.ts";
import { seedBakery } from "./seeding.ts";
import { printCounts, statsToJson } from "./stats_verb.ts";
import { costOf, formatMs, type Reading, readingParts, readingToJson, round } from "./timed_reads.ts";
import { type Cost, costsToJson, measureReads, printCosts } from "./tour_measure.ts";
import { type Answer, COMMON_FLAGS, type Context, type Verb } from "./verb.ts";
import { Wiring } from "./wiring.ts";

const PRODUCTS = 2_000;
const WRITERS = 100;
const LATENCY_MS = 40;
const INTERRUPTED = 130;

/** Runs without a verb. */
export const tour: Verb = {
  name: "",
  words: [],
  summary: "a tour of everything, or one verb",
  details: [
    "The tour uses a temporary folder and server, and leaves nothing behind. The verbs work on .vantage-demo",
    "in the current folder, which is filled with a bakery on first use, or with --master on a server.",
  ],
  flags: COMMON_FLAGS,
  async run(_: Arguments, context: Context): Promise<Answer> {
    const folder = mkdtempSync(join(tmpdir(), "vantage-demo-"));
    const remove = (): void => rmSync(folder, { recursive: true, force: true });
    using interruption = new Interruption();
    interruption.signal.addEventListener("abort", () => {
      remove();
      process.exit(INTERRUPTED);
    });
    try {
      return await new Tour(folder, context).run();
    } finally {
      remove();
    }
  },
};

/** The stages of the tour, printed as they happen. */
class Tour {
  readonly #file: string;
  readonly #places: Places;
  readonly #context: Context;
  readonly #out: Output;
  readonly #steps: { readonly [name: string]: Json }[] = [];

  constructor(folder: string, context: Context) {
    this.#file = join(folder, "master.sqlite");
    this.#places = {
      entity: "products",
      master: { kind: "file", path: this.#file, isDefault: false },
      cache: { kind: "file", path: join(folder, "cache.sqlite") },
      outbox: join(folder, "outbox.sqlite"),
    };
    this.#context = context;
    this.#out = context.out;
  }

  async run(): Promise<Answer> {
    await this.#time("seed", `${PRODUCTS} products, in a new SQLite file`, async () => {
      await seedBakery(this.#file, { size: { ...SMALL_BAKERY, products: PRODUCTS } });
    });
    await this.#coldAndWarm();
    await this.#startAgain();
    const stream = new ManualLiveStream();
    await using wiring = await Wiring.open(this.#places, { tracer: this.#context.tracer, liveStream: stream });
    await this.#writes(wiring);
    await this.#event(wiring, stream);
    await this.#views(wiring);
    await this.#writers(wiring);
    await this.#network();
    this.#heading("What was measured");
    const stats = wiring.live.stats();
    const costs = await this.#measure();
    printCosts(this.#out, costs);
    this.#out.line("Counters of the live table since it was reopened, before measuring:");
    printCounts(this.#out, stats);
    return {
      document: {
        verb: "tour",
        steps: this.#steps,
        measured: { costs: costsToJson(costs), counts: statsToJson(stats) },
      },
    };
  }

  async #coldAndWarm(): Promise<void> {
    await using wiring = await this.#open();
    this.#heading("The wiring");
    await printWiring(wiring, this.#out);
    this.#heading("The first read goes to the master, the second does not");
    await this.#list(wiring, "list");
    await this.#list(wiring, "list again");
  }

  async #startAgain(): Promise<void> {
    this.#heading("Everything closed and opened again, as by a new process: the cache is still warm");
    await using wiring = await this.#open();
    await this.#list(wiring, "list");
  }

  async #writes(wiring: Wiring): Promise<void> {
    const { live } = wiring;
    this.#heading("Writes go through a queue to the master; before they settle, cached rows are brought up to date");
    await this.#get(wiring, "a");
    await this.#get(wiring, "a");
    await this.#time("add", `d, Donut, 5`, () => live.insertValue("d", { name: "Donut", price: 5 }));
    await this.#list(wiring, "list");
    await this.#time("patch", "d, price 6", () => live.patchValue("d", { price: 6 }));
    await this.#get(wiring, "d", ({ price }) => `price ${price}`);
    await this.#list(wiring, "list");
    await this.#list(wiring, "list again");
  }

  async #event(wiring: Wiring, stream: ManualLiveStream): Promise<void> {
    this.#heading("Another client changes the master, an event follows, and the row is read again alone");
    await using other = await SqliteTable.open(this.#file, "products");
    await other.patchValue("a", { name: "Apricot tart" });
    await this.#list(wiring, "list", (rows) => `a is still ${rows.get("a")?.name}: no event yet`);
    await this.#time(
      "event",
      "updated a",
      () => runUntilEvent(wiring.live, () => stream.push({ kind: "updated", id: "a" })),
    );
    await this.#list(wiring, "list", (rows) => `a is ${rows.get("a")?.name}`);
  }

  async #views(wiring: Wiring): Promise<void> {
    const { live } = wiring;
    this.#heading("Each view has its own cache entry");
    const cheapRolls = live.where("price", "lt", 5).orderBy("price", "desc").search("roll").page(1, 20);
    await this.#list(wiring, "rolls below 5", countOf, cheapRolls);
    await this.#list(wiring, "the same", countOf, cheapRolls);
    await this.#list(wiring, "page 7", (rows) => `${rows.first()?.[0]} to ${rows.ids().at(-1)}`, live.page(7));
  }

  async #writers({ live, master }: Wiring): Promise<void> {
    this.#heading(`${WRITERS} writers at once, each with its own answer`);
    let own = 0;
    await this.#time("write", `${WRITERS} patches of ${WRITERS} rows`, async () => {
      const ids = (await master.page(1, WRITERS).listValues()).ids();
      const answers = await Promise.all(ids.map((id, stock) => live.patchValue(id, { in_stock: stock })));
      own = answers.filter((row, stock) => row.id === ids[stock] && row.in_stock === stock).length;
    });
    this.#out.line(`${" ".repeat(17)}${own} of ${WRITERS} got their own answer`);
    this.#steps.push({ step: "own answers", count: own, of: WRITERS });
  }

  async #network(): Promise<void> {
    this.#heading(`Across a network: the same file behind a server in another process, ${LATENCY_MS} ms away`);
    await using server = await this.#time("serve", "the server is running", () => {
      return ChildServer.start({ path: this.#file, latencyMs: LATENCY_MS });
    });
    const { url } = server;
    const { entity } = this.#places;
    const master = { kind: "server", url } as const;
    const liveStream = new SseLiveStream(eventsUrl(entity, master));
    await using wiring = await Wiring.open({ ...this.#places, master }, { tracer: this.#context.tracer, liveStream });
    // A new subscriber receives `changed`, since it may have missed something.
    await this.#time("event", "subscribed to its events", () => runUntilEvent(wiring.live, () => {}));
    await this.#list(wiring, "list");
    await this.#list(wiring, "list again");
    const other = await RestTable.open(tableUrl(entity, master));
    await this.#time("patch", "a, by another client of the server; received as an event", () => {
      return runUntilEvent(wiring.live, () => other.patchValue("a", { name: "Almond tart" }));
    });
    await this.#list(wiring, "list", (rows) => `a is ${rows.get("a")?.name}`);
    await this.#list(wiring, "list again");
  }

  /** Not traced: a thousand reads would flood the output. */
  async #measure(): Promise<readonly Cost[]> {
    await using wiring = await Wiring.open(this.#places, { tracer: undefined });
    return await measureReads(wiring);
  }

  #open(): Promise<Wiring> {
    return Wiring.open(this.#places, { tracer: this.#context.tracer });
  }

  async #list(
    { live, reads }: Wiring,
    what: string,
    remark: (rows: Rows) => string = countOf,
    handle: LiveHandle = live.page(1),
  ): Promise<void> {
    const reading = await reads.list(handle);
    this.#printReading(what, reading, remark(reading.answer));
  }

  async #get({ live, reads }: Wiring, id: string, remark: (row: Row) => string = () => ""): Promise<void> {
    const reading = await reads.get(live, id);
    this.#printReading(`get ${id}`, reading, reading.answer === undefined ? "no such row" : remark(reading.answer));
  }

  async #time<T>(word: string, what: string, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const answer = await work();
    const ms = performance.now() - startedAt;
    this.#out.line(paint("cyan", word.toUpperCase().padEnd(5)), `${formatMs(ms).padStart(10)}  ${what}`);
    this.#steps.push({ step: word, what, ms: round(ms) });
    return answer;
  }

  #printReading(what: string, reading: Reading<unknown>, remark: string): void {
    const text = remark === "" ? what : `${what}: ${remark}`;
    this.#out.line(...readingParts(reading), `  ${text}`, paint("dim", costOf(reading)));
    this.#steps.push({ step: what, ...readingToJson(reading) });
  }

  #heading(text: string): void {
    this.#out.line();
    this.#out.line(paint("bold", text));
  }
}

function countOf({ size }: Rows): string {
  return `${size} rows`;
}
