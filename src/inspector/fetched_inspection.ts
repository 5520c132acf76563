import type { Inspection } from "./inspection.ts";
import type { InspectionSource } from "./recorder.ts";

/** The most characters of an answer that are read: some times of what a recorder keeps of a table. */
const MAX_TEXT = 8_000_000;

/** What another process has recorded, which answers with it as JSON. */
export class FetchedInspection implements InspectionSource {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** @throws {Error} if there is no answer, or it is no inspection. */
  async inspect(): Promise<Inspection> {
    const response = await fetch(this.#url, { headers: { accept: "application/json" } });
    if (!response.ok) throw new Error(`The address answers with status ${response.status}`);
    const text = await response.text();
    if (text.length > MAX_TEXT) throw new Error("The answer is too long");
    const inspection: unknown = JSON.parse(text);
    if (isInspection(inspection)) return inspection;
    throw new Error("The answer is no inspection");
  }
}

/** Whether a value has the outline of one; what is missing further inside fails where it is drawn. */
function isInspection(value: unknown): value is Inspection {
  return typeof value === "object" && value !== null && "at" in value && typeof value.at === "number" &&
    "tables" in value && Array.isArray(value.tables);
}
