import { isPlainObject, type Value } from "../../table/row.ts";
import { type Ql, ql } from "./surreal_ql.ts";

/** How deep the coordinates of each geometry are nested. */
const DEPTHS: Readonly<Record<string, number>> = {
  Point: 1,
  LineString: 2,
  Polygon: 3,
  MultiPoint: 2,
  MultiLineString: 3,
  MultiPolygon: 4,
};

/**
 * A geometry from GeoJSON; `undefined` if it is none. SurrealDB makes geometries of literals only, so its numbers are
 * written, not bound.
 */
export function geometryQl(value: Value): Ql | undefined {
  const text = geometryText(value);
  return text === undefined ? undefined : ql`${text}`;
}

function geometryText(value: Value): string | undefined {
  if (!isPlainObject(value) || Object.keys(value).length !== 2) return undefined;
  const { type, coordinates, geometries } = value;
  if (type === "GeometryCollection" && Array.isArray(geometries)) {
    const inner = geometries.map((geometry) => geometryText(geometry));
    return inner.includes(undefined) ? undefined : `{ type: "GeometryCollection", geometries: [${inner.join(", ")}] }`;
  }
  const depth = typeof type === "string" && Object.hasOwn(DEPTHS, type) ? DEPTHS[type] : undefined;
  const written = depth === undefined ? undefined : coordinatesText(coordinates, depth);
  return written === undefined ? undefined : `{ type: "${type}", coordinates: ${written} }`;
}

function coordinatesText(value: unknown, depth: number): string | undefined {
  if (!Array.isArray(value)) return undefined;
  if (depth === 1) return isPosition(value) ? `[${value.map(numberText).join(", ")}]` : undefined;
  const inner = value.map((part) => coordinatesText(part, depth - 1));
  return inner.includes(undefined) ? undefined : `[${inner.join(", ")}]`;
}

function isPosition(value: readonly unknown[]): value is readonly number[] {
  return value.length === 2 && value.every((part) => typeof part === "number" && Number.isFinite(part));
}

/** As a float. */
function numberText(number: number): string {
  return `${String(number).replace("e+", "e")}f`;
}
