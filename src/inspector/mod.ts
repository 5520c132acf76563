/**
 * An element for any page that shows what live tables do: hits and ages, the queue, the lives of entries, the parts of reads
 * and the stream. A {@linkcode Recorder} is the tracer of the tables; `<vantage-inspector>` draws what it recorded.
 *
 * @example What was recorded, as plain data
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { Recorder } from "@vantage/live/inspector";
 * import assert from "node:assert/strict";
 *
 * const recorder = new Recorder();
 * await using products = new LiveTable(new MemTable("products"), "products", new MemCache(), { tracer: recorder });
 * recorder.attach({ products });
 *
 * await products.listValues();
 *
 * const { tables } = await recorder.inspect();
 * assert.deepEqual(tables[0]?.reads[0]?.parts.map(({ name }) => name), ["get", "fence", "load", "put"]);
 * ```
 *
 * @module
 */

export type {
  EntryLine,
  EntryMark,
  EntryMarkKind,
  FailedLine,
  Inspection,
  Lane,
  LaneWrite,
  QueueInspection,
  ReadLine,
  ReadPart,
  ServedSecond,
  StreamEvent,
  StreamLine,
  TableInspection,
} from "./inspection.ts";
export { defineInspector, type InspectorElement } from "./inspector_element.ts";
export type { InspectedFailure, InspectedWrite } from "./queue_marks.ts";
export { type InspectedTables, type InspectionSource, Recorder, type RecorderOptions } from "./recorder.ts";
export type { InspectedTable } from "./table_record.ts";
