import { checkPort } from "./check_port.ts";
import { describe } from "./describe.ts";

/**
 * Refuses unknown options: a mistyped one would be ignored silently.
 *
 * @throws {TypeError} if `options` is not an object, or has an option that is not `known`; the message names it.
 */
export function checkOptions(thing: string, options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`The options of ${thing} must be an object, got ${describe(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new TypeError(`Unknown option ${describe(name)} of ${thing}; accepted are ${known.join(", ")}`);
  }
}

/**
 * Refuses an option that is given but is not a function.
 *
 * @throws {TypeError} that names the option.
 */
export function checkFunction(name: string, option: unknown): void {
  if (option === undefined || typeof option === "function") return;
  throw new TypeError(`${name} must be a function, got ${describe(option)}`);
}

/**
 * Refuses a `clock` that is not a clock, and a `tracer` that is not a tracer.
 *
 * @throws {TypeError} that names the option.
 */
export function checkTools({ clock, tracer }: { readonly clock?: unknown; readonly tracer?: unknown }): void {
  if (clock !== undefined) checkPort("clock", "a clock", clock, ["now", "monotonic", "random", "wait"]);
  if (tracer !== undefined) {
    checkPort("tracer", "a tracer, such as ConsoleTracer or what defineTracer makes", tracer, ["trace"]);
  }
}
