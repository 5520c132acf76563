import assert from "node:assert/strict";
import { describe } from "node:test";
import { skippable } from "../skippable.ts";
import { canWalk } from "./walked.ts";
import { measureWalks } from "./walks.ts";

const CAN_WALK = await canWalk();

describe("The way of a call through src", () => {
  skippable(
    "passes through few files and functions",
    CAN_WALK ? undefined : "this runtime does not name what has run",
    async () => {
      for (const { name, walk, maxFiles, maxFunctions } of await measureWalks()) {
        const names = [...walk.files].map(([file, functions]) => `${file}: ${functions.join(", ")}`).join("\n");
        assert(walk.files.size <= maxFiles, `${name}: ${walk.files.size} files\n${names}`);
        assert(walk.functions <= maxFunctions, `${name}: ${walk.functions} functions\n${names}`);
      }
    },
  );
});
