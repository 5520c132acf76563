import type { Place, Routes } from "./routes.ts";

/** The places below a base path: of one table, or of several under their names. */
export class Site {
  readonly #root: ReadonlyMap<string, Place>;
  readonly #tables: ReadonlyMap<string, ReadonlyMap<string, Place>>;

  /** Creates a site with places at the root, and those of tables. */
  constructor(root: Routes, tables: Iterable<readonly [name: string, routes: Routes]> = []) {
    this.#root = placesOf(root);
    this.#tables = new Map([...tables].map(([name, routes]) => [name, placesOf(routes)]));
  }

  /** The place at a path under the base, if there is one. */
  placeAt(path: string): Place | undefined {
    const place = this.#root.get(path === "/" ? "" : path);
    if (place !== undefined) return place;
    const [, name, under = ""] = /^\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    // Clients encode the same name in several ways.
    return name === undefined ? undefined : this.#tables.get(decoded(name))?.get(under === "/" ? "" : under);
  }
}

function placesOf(routes: Routes): ReadonlyMap<string, Place> {
  return new Map(Object.entries(routes));
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
