import { describe } from "../../base/describe.ts";
import { isBytes, isDate } from "../../base/realm.ts";
import { isPlainObject, type Value } from "../../table/row.ts";
import { geometryQl } from "./surreal_geometry.ts";
import { floatQl, isSendable, timeQl } from "./surreal_operands.ts";
import { type Place, readTextQl, textTypes } from "./surreal_place.ts";
import type { Written } from "./surreal_params.ts";
import { arrayQl, param, type Ql, ql, quoteName, separated } from "./surreal_ql.ts";

/** How deep a document is compared with the stored one: SurrealDB limits how deep expressions nest. */
const MAX_DEPTH = 4;
/** The most values of a document that are compared with stored ones. */
const MAX_LEAVES = 200;

/** A value for a place without a type. */
export function anyQl(written: Written): Ql {
  const { value, column } = written;
  const isCompared = written.stored !== undefined && isSmall(value, 0, { leaves: 0 });
  if (isCompared || isSmall(value, 0, { leaves: -Infinity })) {
    return valueQl(value, isCompared ? written.stored : undefined, written);
  }
  if (!isSendable(value)) {
    throw new RangeError(
      `Column ${
        describe(column)
      } cannot hold a whole float beyond 2^53, or a fraction of a second before 1970, more than ` +
        `${MAX_DEPTH} levels deep: the client of SurrealDB does not send it`,
    );
  }
  return ql`${param(value)}`;
}

/** A time. If the stored one is in the same millisecond, it stays. */
export function writtenTimeQl(time: Date, stored: string | undefined): Ql {
  const given = timeQl(time.getTime());
  if (stored === undefined) return given;
  const isSame = ql`${stored} >= ${given} AND ${stored} < ${timeQl(time.getTime() + 1)}`;
  return ql`(IF ${isSame} { ${stored} } ELSE { ${given} })`;
}

function valueQl(value: Value, stored: string | undefined, written: Written): Ql {
  if (typeof value === "string") return textQl(value, stored, written);
  if (typeof value === "number") return numberQl(value, stored, written);
  if (isDate(value)) return writtenTimeQl(value, stored);
  if (typeof value !== "object" || value === null || isBytes(value)) return ql`${param(value)}`;
  const geometry = stored === undefined ? undefined : geometryQl(value);
  const document = documentQl(value, stored, written);
  return geometry === undefined
    ? document
    : ql`(IF ${stored ?? ""} = ${geometry} { ${stored ?? ""} } ELSE { ${document} })`;
}

function documentQl(value: Value, stored: string | undefined, written: Written): Ql {
  if (stored === undefined && isSendable(value)) return ql`${param(value)}`;
  if (Array.isArray(value)) {
    return arrayQl(value.map((inner, at) => valueQl(inner, stored && `${stored}[${at}]`, written)));
  }
  const fields = Object.entries(value as { readonly [name: string]: Value }).map(([name, inner]) =>
    // Its kind is "object".
    ql`${JSON.stringify(name)}: ${valueQl(inner, stored && `${stored}.${quoteName(name)}`, written)}`
  );
  return fields.length === 0 ? ql`${param({})}` : ql`{ ${separated(fields, ", ")} }`;
}

function textQl(text: string, stored: string | undefined, written: Written): Ql {
  const given = param(text);
  if (stored === undefined) return ql`${given}`;
  const place = placeAt(stored, written);
  const isSame = ql`type::of(${stored}) IN ${param(textTypes(place))} AND ${readTextQl(place)} = ${given}`;
  return ql`(IF ${isSame} { ${stored} } ELSE { ${given} })`;
}

function numberQl(number: number, stored: string | undefined, written: Written): Ql {
  const given = floatOrInteger(number);
  if (stored === undefined) return given;
  if (written.hasDecimalNumbers) {
    const isSame = ql`type::is_decimal(${stored}) AND <float><string>${stored} = ${given}`;
    return ql`(IF ${isSame} OR (type::is_float(${stored}) AND ${stored} = ${given}) { ${stored} } ELSE { ${given} })`;
  }
  if (!Number.isSafeInteger(number)) return given;
  return ql`(IF type::is_float(${stored}) AND ${stored} = ${given} { ${stored} } ELSE { ${given} })`;
}

function floatOrInteger(number: number): Ql {
  return Number.isSafeInteger(number) ? ql`${param(number)}` : floatQl(number);
}

function placeAt(path: string, { column, hasDecimalNumbers }: Written): Place {
  return { path, kind: "any", name: column, hasDecimalNumbers };
}

/** Whether a document is within the limits. */
function isSmall(value: Value, depth: number, count: { leaves: number }): boolean {
  if (depth > MAX_DEPTH || ++count.leaves > MAX_LEAVES) return false;
  if (Array.isArray(value)) return value.every((inner) => isSmall(inner, depth + 1, count));
  if (!isPlainObject(value)) return true;
  return Object.values(value as { readonly [name: string]: Value }).every((inner) => isSmall(inner, depth + 1, count)); // As above.
}
