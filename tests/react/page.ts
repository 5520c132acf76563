/** The page's own code: runs the cases, and tells which have failed. */
import { complaints } from "./page_setup.ts";
import { version } from "react";
import { CONCURRENT_CASES } from "./concurrent_cases.ts";
import { ROWS_CASES } from "./rows_cases.ts";
import { SUSPENSE_CASES } from "./suspense_cases.ts";
import { WINDOW_CASES } from "./window_cases.ts";

/** What error boundaries are shown is logged as well. */
const EXPECTED =
  /The above error occurred|React will try to recreate|Error: (useRows\(\) takes|An id must|no\b|size must)/;

async function run(): Promise<string> {
  const cases = { ...ROWS_CASES, ...SUSPENSE_CASES, ...CONCURRENT_CASES, ...WINDOW_CASES };
  const only = new URL(location.href).searchParams.get("only") ?? "";
  const failed: string[] = [];
  let passed = 0;
  for (const [name, run] of Object.entries(cases).filter(([name]) => name.includes(only))) {
    complaints.length = 0;
    try {
      await run();
      const [complaint] = complaints.filter((words) => !EXPECTED.test(words));
      if (complaint !== undefined) throw new Error(`React complains: ${complaint}`);
      passed++;
    } catch (error) {
      failed.push(`${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return JSON.stringify({ react: version.split(".")[0], passed, failed });
}

// Chromium's driver reads what is logged, those of the others what the promise gives.
const seen = run();
Object.assign(globalThis, { seen });
console.log(await seen);
