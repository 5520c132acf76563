import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { canWalk } from "./walked.ts";
import { measureWalks } from "./walks.ts";

const CAN_WALK = await canWalk();

describe("The way of a call through src", () => {
  it(
    "passes through few files and functions",
    { skip: !CAN_WALK && "this runtime does not tell what has run" },
    async () => {
      for (const { name, walk, maxFiles, maxFunctions } of await measureWalks()) {
        const names = [...walk.files].map(([file, functions]) => `${file}: ${functions.join(", ")}`).join("\n");
        assert(walk.files.size <= maxFiles, `${name}: ${walk.files.size} files\n${names}`);
        assert(walk.functions <= maxFunctions, `${name}: ${walk.functions} functions\n${names}`);
      }
    },
  );
});
