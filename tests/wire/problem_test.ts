import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ClosedError,
  ConflictError,
  type Effect,
  type ErrorCode,
  InvalidAnswerError,
  NotFoundError,
  QueueFullError,
  RejectedError,
  TableError,
  type TableErrorOptions,
  UnauthorizedError,
  UnavailableError,
  UnsupportedError,
} from "@vantage/live";
import { badRequest, errorOf, type Problem, problemOf } from "../../src/wire/problem.ts";
import type { Json } from "../../src/wire/wire_value.ts";

type Kind = new (message: string, options?: TableErrorOptions) => TableError;

const KINDS: readonly (readonly [Kind, code: string, status: number])[] = [
  [NotFoundError, "not_found", 404],
  [UnsupportedError, "unsupported", 422],
  [ConflictError, "conflict", 409],
  [RejectedError, "rejected", 422],
  [UnauthorizedError, "unauthorized", 401],
  [QueueFullError, "queue_full", 503],
  [ClosedError, "closed", 503],
  [UnavailableError, "unavailable", 502],
  [InvalidAnswerError, "invalid_answer", 502],
];

class QuotaError extends TableError {
  readonly code = "quota" as ErrorCode; // As a later version may have it.
}

/** The error at the other end. */
function received(problem: Problem, retryAfterMs?: number): TableError {
  return errorOf(problem.status, JSON.parse(JSON.stringify(problem)), "GET / was refused", retryAfterMs);
}

describe("Problems and errors", () => {
  for (const [Kind, code, status] of KINDS) {
    it(`a ${Kind.name} travels as ${code} with status ${status}, and comes out as one`, () => {
      for (const retriable of [true, false]) {
        for (const effect of ["none", "unknown"] satisfies Effect[]) {
          const error = new Kind("secret", { retriable, effect });
          const problem = problemOf(error, "what may be told");
          assert.deepEqual([problem.code, problem.status, problem.detail], [code, status, "what may be told"]);
          assert.doesNotMatch(JSON.stringify(problem), /secret/);
          const there = received(problem, 5000);
          assert.equal(there.constructor, Kind);
          assert.deepEqual([there.retriable, there.effect, there.retryAfterMs], [error.retriable, effect, 5000]);
          assert.equal(there.message, "GET / was refused: what may be told");
        }
      }
    });
  }

  it("an error of a kind of its own comes out as rejected, with what it says of itself", () => {
    const there = received(problemOf(new QuotaError("x", { retriable: true, effect: "unknown" }), "over"));
    assert(there instanceof RejectedError);
    assert.deepEqual([there.retriable, there.effect], [true, "unknown"]);
  });

  it("anything else is a fault, which is Unavailable at the other end", () => {
    for (const thrown of [new Error("secret"), new TypeError("secret"), "secret", undefined, null]) {
      const problem = problemOf(thrown, "it failed");
      assert.deepEqual([problem.status, problem.code, problem.effect], [500, "fault", "unknown"]);
      const there = received(problem);
      assert(there instanceof UnavailableError);
      assert.equal(there.effect, "unknown");
    }
  });

  it("a bad request is Rejected at the other end, or what its status says", () => {
    assert.deepEqual(badRequest("no"), {
      title: "Bad request",
      status: 400,
      detail: "no",
      code: "bad_request",
      retriable: false,
      effect: "none",
    });
    assert.equal(received(badRequest("no")).name, "RejectedError");
    assert.equal(received(badRequest("no", 413)).name, "RejectedError");
    assert.equal(received(badRequest("no", 405)).name, "UnsupportedError");
  });

  it("errorOf() goes by the status where the code is unknown, or travels under another", () => {
    const bodies: Json[] = [
      ...[null, true, 5, "x", [], {}, { code: 5 }, { code: "__proto__" }, { code: "toString" }, {
        code: "bad_request",
      }],
      { code: "conflict" },
    ];
    for (const body of [undefined, ...bodies]) {
      assert.equal(errorOf(404, body, "x", undefined).name, "NotFoundError");
      const { name, effect, retriable } = errorOf(500, body, "x", undefined);
      assert.deepEqual([name, effect, retriable], ["UnavailableError", "unknown", true]);
    }
    assert.equal(errorOf(409, { code: "not_found" }, "x", undefined).name, "ConflictError");
  });

  it("errorOf() tells a wrong address from a missing row", () => {
    assert.equal(errorOf(404, { code: "no_such_path" }, "x", undefined).name, "RejectedError");
    assert.equal(errorOf(404, { code: "not_found" }, "x", undefined).name, "NotFoundError");
  });

  it("errorOf() takes only what it knows to be said", () => {
    const { retriable, effect, message } = errorOf(409, { retriable: "yes", effect: "all", detail: 5 }, "x", undefined);
    assert.deepEqual([retriable, effect, message], [false, "none", "x"]);
    const { effect: unknown } = errorOf(400, { effect: "unknown" }, "x", undefined);
    assert.equal(unknown, "unknown");
    assert.equal(errorOf(429, { retriable: false }, "x", undefined).retriable, true);
  });

  it("errorOf() quotes no more than a few lines of somebody else's words", () => {
    assert(errorOf(400, { detail: "x".repeat(100_000) }, "GET /", undefined).message.length < 1000);
  });
});

describe("What an error of a table says of itself", () => {
  for (const [Kind, code] of KINDS) {
    it(`${Kind.name} has its code, and defaults for the rest`, () => {
      const unknown = Kind === UnavailableError || Kind === InvalidAnswerError;
      for (const options of [undefined, {}, { retriable: undefined, effect: undefined, cause: undefined }]) {
        const error = new Kind("message", options);
        assert.deepEqual([error.code, error.name, error.message], [code, Kind.name, "message"]);
        assert.equal(error.effect, unknown ? "unknown" : "none");
        assert.equal(error.retriable, Kind === UnavailableError);
        assert.equal(error.retryAfterMs, undefined);
        assert.equal("cause" in error, false);
      }
      const cause = new Error("cause");
      const error = new Kind("message", {
        retriable: true,
        retryAfterMs: 5,
        effect: unknown ? "none" : "unknown",
        cause,
      });
      assert.deepEqual([error.retriable, error.retryAfterMs, error.cause], [true, 5, cause]);
      assert.equal(error.effect, unknown ? "none" : "unknown");
    });
  }

  it("UnavailableError is always retriable", () => {
    assert.equal(new UnavailableError("x", { retriable: false }).retriable, true);
  });
});
