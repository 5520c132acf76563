import assert from "node:assert/strict";

/** What everything inherits from, and where globals stand: nothing that is decoded may add to them, or take away. */
const INTRINSICS: Readonly<Record<string, object>> = {
  globalThis,
  Object: Object.prototype,
  Array: Array.prototype,
  Function: Function.prototype,
  String: String.prototype,
  Number: Number.prototype,
  BigInt: BigInt.prototype,
  Date: Date.prototype,
  Map: Map.prototype,
  Set: Set.prototype,
  Promise: Promise.prototype,
  Uint8Array: Uint8Array.prototype,
};

/** The makers of code from text: `Function` and its kin can also be reached through any function. */
const FUNCTION_KINDS: readonly object[] = [
  function () {},
  async function () {},
  function* () {},
  async function* () {},
].map((each) => Object.getPrototypeOf(each));

/**
 * Runs `work`, and asserts that it made no code out of text and changed nothing that others inherit.
 *
 * @throws what `work` throws.
 */
export function harmlessly<T>(work: () => T): T {
  const before = membersOfIntrinsics();
  const { made, restore } = spyOnCodeMakers();
  try {
    return work();
  } finally {
    restore();
    assert.deepEqual(made, [], "code was made out of text");
    assert.deepEqual(membersOfIntrinsics(), before);
  }
}

function membersOfIntrinsics(): unknown {
  return Object.entries(INTRINSICS).map((
    [name, object],
  ) => [name, Object.getPrototypeOf(object), Reflect.ownKeys(object)]);
}

function spyOnCodeMakers(): { readonly made: readonly unknown[][]; readonly restore: () => void } {
  const made: unknown[][] = [];
  const spied: (() => void)[] = [];
  const spyOn = (target: object, name: string): void => {
    const original = Object.getOwnPropertyDescriptor(target, name);
    if (original === undefined) return;
    const note = (args: unknown[]): never => {
      made.push([name, ...args]);
      throw new EvalError(`${name} was called`);
    };
    const value = new Proxy(original.value, {
      apply: (_, __, args) => note(args),
      construct: (_, args) => note(args),
    });
    Object.defineProperty(target, name, { ...original, value });
    spied.push(() => Object.defineProperty(target, name, original));
  };
  spyOn(globalThis, "Function");
  spyOn(globalThis, "eval");
  for (const prototype of FUNCTION_KINDS) spyOn(prototype, "constructor");
  return { made, restore: () => spied.forEach((undo) => undo()) };
}
