import { readFileSync } from "node:fs";
import process from "node:process";
import { type Tracer, UnavailableError } from "@vantage/live";
import { ConsoleTracer } from "@vantage/live/console";
import { addVerb } from "./add_verb.ts";
import { appVerb } from "./app_verb.ts";
import { type Arguments, type Flag, parseCommandLine } from "./args.ts";
import { BadInput, messageOf } from "./bad_input.ts";
import { deleteVerb } from "./delete_verb.ts";
import { eventThenListVerb } from "./event_then_list_verb.ts";
import { getVerb } from "./get_verb.ts";
import { printHelp, usageOf } from "./help.ts";
import { argumentsOf, commandOf, unknownVerb } from "./grammar.ts";
import { infoVerb } from "./info_verb.ts";
import { listVerb } from "./list_verb.ts";
import { Output } from "./output.ts";
import { patchVerb } from "./patch_verb.ts";
import { refVerb } from "./ref_verb.ts";
import { seedVerb } from "./seed_verb.ts";
import { serveVerb } from "./serve_verb.ts";
import { statsVerb } from "./stats_verb.ts";
import { tour } from "./tour.ts";
import { type Answer, COMMON_FLAGS, FAULT, type Verb } from "./verb.ts";
import { visible } from "./visible.ts";
import { watchVerb } from "./watch_verb.ts";
import { writesVerb } from "./writes_verb.ts";

const BAD_INPUT = 2;

/** Prints help. */
const helpVerb: Verb = {
  name: "help",
  words: ["[verb]"],
  summary: "print the help of the demo, or of one verb",
  details: [],
  flags: COMMON_FLAGS,
  run({ words: [word] }: Arguments): Promise<Answer> {
    const verb = word === undefined ? tour : VERBS.find(({ name }) => name === word);
    if (verb === undefined) throw unknownVerb(word ?? "", VERBS);
    printHelp(outputOf(false), verb, VERBS);
    return Promise.resolve({});
  },
};

const VERBS: readonly Verb[] = [
  seedVerb,
  listVerb,
  getVerb,
  addVerb,
  patchVerb,
  deleteVerb,
  writesVerb,
  refVerb,
  serveVerb,
  appVerb,
  watchVerb,
  eventThenListVerb,
  infoVerb,
  statsVerb,
  helpVerb,
];

/** Runs a command line and returns the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const errors = outputOf(false);
  let debug = argv.includes("--debug");
  try {
    const given = parseCommandLine(argv, {
      all: allFlags(),
      acceptedBy: (words) => commandOf(words, VERBS, tour).verb.flags,
    });
    debug = given.has("debug");
    return await runVerb(given);
  } catch (error) {
    if (error instanceof BadInput) errors.error(`demo: ${error.message}`);
    else if (error instanceof UnavailableError) errors.error(`demo: the master is unavailable: ${error.message}`);
    else errors.error(`demo: unexpected fault: ${messageOf(error)}`);
    if (debug && error instanceof Error) { for (const line of stackOf(error)) errors.error(line); }
    return error instanceof BadInput ? BAD_INPUT : FAULT;
  }
}

async function runVerb(given: Arguments): Promise<number> {
  const command = commandOf(given.words, VERBS, tour);
  const { verb } = command;
  const out = outputOf(given.has("json"));
  if (given.has("help")) {
    printHelp(outputOf(false), verb, VERBS);
    return 0;
  }
  if (given.has("version")) {
    outputOf(false).line(version());
    return 0;
  }
  const args = argumentsOf(command, given);
  checkWords(args, verb);
  const { document, exitCode = 0 } = await verb.run(args, { out, tracer: tracerOf(args) });
  if (document !== undefined) out.document(document);
  return exitCode;
}

function version(): string {
  return JSON.parse(readFileSync(new URL("../deno.json", import.meta.url), "utf8")).version;
}

/** Too few words are reported by the verb, which knows what is missing. */
function checkWords({ words }: Arguments, verb: Verb): void {
  const most = verb.most ?? verb.words.length;
  const extra = words[most];
  if (extra !== undefined) throw new BadInput(`${JSON.stringify(extra)} is one word too many; usage: ${usageOf(verb)}`);
}

function allFlags(): readonly Flag[] {
  const flags = new Map([...VERBS, tour].flatMap((verb) => verb.flags.map((flag) => [flag.name, flag] as const)));
  return [...flags.values()];
}

function outputOf(json: boolean): Output {
  return new Output({ stdout: process.stdout, stderr: process.stderr, json, env: process.env });
}

/** `--debug` enables traces, and so does `VANTAGE_LOG`, which also filters them. */
function tracerOf(args: Arguments): Tracer | undefined {
  const { VANTAGE_LOG = "" } = process.env;
  if (VANTAGE_LOG === "" && !args.has("debug")) return undefined;
  try {
    const filter = VANTAGE_LOG === "" ? undefined : VANTAGE_LOG;
    return new ConsoleTracer({ filter, write: (line) => process.stderr.write(`${visible(line)}\n`) });
  } catch (cause) {
    throw new BadInput(`VANTAGE_LOG: ${messageOf(cause)}`, { cause });
  }
}

function stackOf(error: Error): readonly string[] {
  const cause = error.cause instanceof Error ? [`caused by ${error.cause.stack}`] : [];
  return [error.stack ?? error.message, ...cause].flatMap((text) => text.split("\n"));
}

// The reader of the output may stop early, as `head` does. That is not a fault, and the work is completed.
process.stdout.on("error", (error: Error) => {
  if (!("code" in error && error.code === "EPIPE")) throw error;
});

process.exitCode = await main(process.argv.slice(2));
