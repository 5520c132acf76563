import { AT_ONCE } from "./live_writer.ts";
import { rowId } from "./write_master.ts";
import type { Writer } from "./writer.ts";

/** The least that can be done: each write goes to the master as soon as one of so many places is free. */
export const IDEAL: Writer = {
  name: "the ideal",
  open: (master) => {
    const waiting: (() => Promise<void>)[] = [];
    let [free, next] = [AT_ONCE, 0];
    const run = async (): Promise<void> => {
      free--;
      for (let send = waiting[next++]; send !== undefined; send = waiting[next++]) await send();
      next--;
      free++;
    };
    return Promise.resolve({
      write: (at, value) => {
        waiting.push(async () => void await master.patch(rowId(at), { stock: value }));
        if (free > 0) void run();
        return Promise.resolve();
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};
