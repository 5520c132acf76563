import { describe } from "../../base/describe.ts";
import { isBytes, isDate } from "../../base/realm.ts";
import { kindOf } from "../../table/compare_values.ts";
import { UnsupportedError } from "../../table/errors.ts";
import { isPlainObject, type Value } from "../../table/row.ts";
import { geometryQl } from "./surreal_geometry.ts";
import { linkQl } from "./surreal_ids.ts";
import { FIRST_MS, isDecimal, isDuration, isUuid, LAST_MS, numberQl, timeQl, valueQl } from "./surreal_operands.ts";
import {
  isNullQl,
  isOfTypesQl,
  mayHold,
  numberTypes,
  type Place,
  readNumberQl,
  readTextQl,
  textTypes,
  within,
} from "./surreal_place.ts";
import { allOf, anyOf, arrayQl, NEVER, param, type Ql, ql } from "./surreal_ql.ts";

/** The most values in a document that is compared with others. */
const MAX_LEAVES = 500;

/** Holds where a place is read as one of these values. */
export function equalsAnyQl(place: Place, operands: readonly Value[]): Ql {
  const of = (kind: ReturnType<typeof kindOf>): readonly Value[] => operands.filter((value) => kindOf(value) === kind);
  const documents = [...of("list"), ...of("object")];
  const pieces = [
    ...(of("null").length > 0 ? [isNullQl(place)] : []),
    ...(mayHold(place, "bool") ? oneOfQl(place.path, of("boolean")) : []),
    ...numbersQl(place, of("number") as readonly (number | bigint)[]), // As their kind says.
    ...textsQl(place, of("text") as readonly string[]), // As their kind says.
    ...(mayHold(place, "datetime") ? (of("date") as readonly Date[]).flatMap((date) => dateQl(place, date)) : []), // As above.
    ...(mayHold(place, "bytes") ? oneOfQl(place.path, of("bytes")) : []),
    ...(mayHold(place, "array", "set", "geometry") ? documents.map((document) => documentQl(place, document)) : []),
  ];
  return pieces.length === 0 ? NEVER : anyOf(pieces);
}

function oneOfQl(path: string, values: readonly unknown[]): Ql[] {
  if (values.length === 0) return [];
  return values.length === 1 ? [ql`${path} = ${param(values[0])}`] : [ql`${path} IN ${param(values)}`];
}

function oneOfPiecesQl(left: string, pieces: readonly Ql[]): Ql {
  const [only, second] = pieces;
  return only !== undefined && second === undefined ? ql`${left} = ${only}` : ql`${left} IN ${arrayQl(pieces)}`;
}

function numbersQl(place: Place, numbers: readonly (number | bigint)[]): Ql[] {
  const types = numberTypes(place);
  const pieces = numbers.flatMap((number) => numberQl(number) ?? []);
  if (types.length === 0 || pieces.length === 0) return [];
  const equal = oneOfPiecesQl(readNumberQl(place), pieces);
  // Decimals that are read as texts equal no number.
  return [place.kind === "int" || place.kind === "float" ? equal : allOf([isOfTypesQl(place, types), equal])];
}

function textsQl(place: Place, given: readonly string[]): Ql[] {
  const texts = given.filter((text) => text.isWellFormed());
  switch (place.kind) {
    case "string":
      return oneOfQl(place.path, texts);
    case "uuid": {
      const uuids = texts.filter(isUuid).map((text) => ql`<uuid>${param(text)}`);
      return uuids.length === 0 ? [] : [oneOfPiecesQl(place.path, uuids)];
    }
    case "record": {
      const links = texts.flatMap((text) => linkQl(text) ?? []);
      return links.length === 0 ? [] : [oneOfPiecesQl(place.path, links)];
    }
    default: {
      const other = texts.filter(isLikeOtherType);
      const types = textTypes(place);
      const otherPieces = other.length === 0 || types.length === 0
        ? []
        : [allOf([isOfTypesQl(place, types), ...oneOfQl(readTextQl(place), other)])];
      return [...(place.kind === "any" ? oneOfQl(place.path, texts) : []), ...otherPieces];
    }
  }
}

/** Whether a value of another type may be read as this text. */
function isLikeOtherType(text: string): boolean {
  return isDecimal(text) || isUuid(text) || isDuration(text) || text.includes(":");
}

/** All times of one millisecond. */
function dateQl({ path }: Place, date: Date): Ql[] {
  const ms = date.getTime();
  if (Number.isNaN(ms) || ms < FIRST_MS || ms > LAST_MS) return [];
  if (ms === LAST_MS) return [ql`${path} >= ${timeQl(ms)} AND type::is_datetime(${path})`];
  return [ql`${path} >= ${timeQl(ms)} AND ${path} < ${timeQl(ms + 1)}`];
}

function documentQl(place: Place, document: Value): Ql {
  const pieces: Ql[] = [];
  addDocument(place, document, pieces);
  const equal = allOf(pieces);
  const alike = [equal];
  const geometry = geometryQl(document);
  if (geometry !== undefined) alike.push(ql`${place.path} = ${geometry}`);
  const list = Array.isArray(document) ? valueQl(document) : undefined;
  if (list !== undefined) alike.push(ql`type::is_set(${place.path}) AND <array>${place.path} = ${list}`);
  return anyOf(alike);
}

/** Adds a condition for each part, by its whole path: SurrealDB limits how deep expressions nest. */
function addDocument(place: Place, value: Value, pieces: Ql[]): void {
  if (pieces.length > MAX_LEAVES) {
    throw new UnsupportedError(
      `Cannot compare ${describe(place.name)} with a document of more than ${MAX_LEAVES} values`,
    );
  }
  const { path } = place;
  if (Array.isArray(value)) {
    pieces.push(ql`type::is_array(${path}) AND array::len(${path}) = ${param(value.length)}`);
    for (const [at, inner] of value.entries()) addDocument(within(place, at), inner, pieces);
  } else if (isPlainObject(value) && !isDate(value) && !isBytes(value)) {
    const entries = Object.entries(value as { readonly [name: string]: Value }); // Its kind is "object".
    pieces.push(ql`type::is_object(${path}) AND object::len(${path}) = ${param(entries.length)}`);
    for (const [name, inner] of entries) addDocument(within(place, name), inner, pieces);
  } else {
    pieces.push(equalsAnyQl(place, [value]));
  }
}
