import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type DatabaseServer, freePort, newServerFolder, runAs, startServer } from "./server_process.ts";

const BIN = newestBin("/usr/lib/postgresql");

/** Why tests that need PostgreSQL are skipped. */
export const WITHOUT_POSTGRES: string | undefined = BIN === undefined ? "PostgreSQL is not installed" : undefined;

/** Settings that change what clients see by default: what is read and written must not depend on them. */
const SETTINGS = {
  timezone: "Asia/Kolkata",
  datestyle: "German",
  intervalstyle: "iso_8601",
  bytea_output: "escape",
  fsync: "off",
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "60",
};

/** Starts PostgreSQL with a new database, whose texts are not in the order of code points, and with more settings. */
export async function startPostgres(more: Readonly<Record<string, string>> = {}): Promise<DatabaseServer> {
  if (BIN === undefined) throw new Error(WITHOUT_POSTGRES);
  const folder = newServerFolder("postgres");
  const data = join(folder, "data");
  const locale = ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"];
  runAs("postgres", [join(BIN, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", ...locale]);
  const port = await freePort();
  const settings = Object.entries({ ...SETTINGS, ...more }).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return startServer("postgres", [join(BIN, "postgres"), "-D", data, "-p", String(port), ...settings], {
    folder,
    port,
    ready: /ready to accept connections/,
    stopSignal: "SIGINT",
  });
}

/** Where Debian puts the programs of the newest version. */
function newestBin(folder: string): string | undefined {
  const versions = existsSync(folder) ? readdirSync(folder).map(Number).sort((a, b) => a - b) : [];
  return versions.map((version) => join(folder, String(version), "bin")).findLast((bin) =>
    existsSync(join(bin, "initdb"))
  );
}
