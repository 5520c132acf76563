import { closeSync, openSync, readSync, writeFileSync, writeSync } from "node:fs";

const BYTES = Uint32Array.BYTES_PER_ELEMENT;

/**
 * The versions of rows that all processes must show, in a file that they share: what one has written there when its call
 * returns is seen by every call that another begins later. So a version that is settled after a write was acknowledged, and
 * looked up before a read is begun, needs no clock and no message in between.
 */
export class Ledger implements Disposable {
  readonly #file: number;
  readonly #rows: number;

  /** Opens a ledger of so many rows. */
  constructor(path: string, rows: number) {
    this.#file = openSync(path, "r+");
    this.#rows = rows;
  }

  /** Makes the file. All versions are 0. */
  static create(path: string, rows: number): void {
    writeFileSync(path, new Uint8Array(2 * rows * BYTES));
  }

  /** From now on no older version of the row may be served. Only those who know the newest version call it. */
  settle(id: number, version: number): void {
    this.#write(id, version);
  }

  /** The oldest versions that may be served of `count` rows from `first` on. */
  settled(first: number, count: number): Uint32Array {
    return this.#read(first, count);
  }

  /** The version that a row is about to have, which whoever hears that it changed may count on. */
  announce(id: number, version: number): void {
    this.#write(this.#rows + id, version);
  }

  /** The version that was announced last. */
  announced(id: number): number {
    return this.#read(this.#rows + id, 1)[0] ?? 0;
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #write(slot: number, version: number): void {
    writeSync(this.#file, new Uint8Array(Uint32Array.of(version).buffer), 0, BYTES, slot * BYTES);
  }

  #read(slot: number, count: number): Uint32Array {
    const versions = new Uint32Array(count);
    readSync(this.#file, new Uint8Array(versions.buffer), 0, count * BYTES, slot * BYTES);
    return versions;
  }
}
