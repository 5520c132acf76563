import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newPath } from "../conformance/temp_folder.ts";

const DISK_BYTES = 2 ** 24;
/** What stands on it from the beginning, to be let go of later. */
const BALLAST_BYTES = 2 ** 23;

/** A disk that is full after 16 MiB, mounted in a folder of its own; it goes when it is disposed. */
export class SmallDisk implements Disposable {
  /** The folder. */
  readonly folder: string = newPath("disk");

  /** Mounts it. */
  constructor() {
    mkdirSync(this.folder);
    if (!succeeds("mount", "-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", this.folder)) {
      throw new Error(`Cannot mount a disk at ${this.folder}`);
    }
    writeFileSync(this.#ballast, new Uint8Array(BALLAST_BYTES));
  }

  /** Leaves no room for anything. */
  fill(): void {
    for (const bytes of [4_096, 1]) {
      try {
        for (;;) writeFileSync(this.#filler, new Uint8Array(bytes), { flag: "a" });
      } catch {
        // It is full.
      }
    }
  }

  /** Makes room again. */
  clear(): void {
    for (const path of [this.#ballast, this.#filler]) rmSync(path, { force: true });
  }

  /** Takes it away, also from under files that are still open. */
  [Symbol.dispose](): void {
    succeeds("umount", "--lazy", this.folder);
  }

  get #ballast(): string {
    return join(this.folder, "ballast");
  }

  get #filler(): string {
    return join(this.folder, "filler");
  }
}

/** Why no disk can be mounted here, if so. */
export function noSmallDisk(): string | undefined {
  try {
    new SmallDisk()[Symbol.dispose]();
    return undefined;
  } catch {
    return "mounting a small disk takes Linux, and the rights of root";
  }
}

/** Files and folders that nobody can write to, not even root, until it is disposed. */
export class ReadOnly implements Disposable {
  readonly #places: readonly string[];

  /** Makes them so. */
  constructor(...places: readonly string[]) {
    this.#places = places;
    if (succeeds("chattr", "+i", ...places)) return;
    this[Symbol.dispose]();
    throw new Error(`Cannot make ${places.join(", ")} read-only`);
  }

  /** Makes them writable again. */
  [Symbol.dispose](): void {
    succeeds("chattr", "-i", ...this.#places);
  }
}

/** Why not even root can be kept from writing here, if so. */
export function noReadOnly(): string | undefined {
  const folder = newPath("read-only");
  mkdirSync(folder);
  try {
    new ReadOnly(folder)[Symbol.dispose]();
    return undefined;
  } catch {
    return "making files read-only for everybody takes chattr, and the rights of root";
  }
}

function succeeds(program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args).status === 0;
}
