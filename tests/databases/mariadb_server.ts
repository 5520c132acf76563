import { existsSync } from "node:fs";
import { join } from "node:path";
import { type DatabaseServer, freePort, newServerFolder, runAs, startServer } from "./server_process.ts";

const [SERVER, INSTALL] = ["/usr/sbin/mariadbd", "/usr/bin/mariadb-install-db"];

/** Why tests that need MariaDB are skipped. */
export const WITHOUT_MARIADB: string | undefined = existsSync(SERVER) && existsSync(INSTALL)
  ? undefined
  : "MariaDB is not installed";

/** Starts MariaDB with a new, empty database. */
export async function startMariaDb(): Promise<DatabaseServer> {
  const folder = newServerFolder("mariadb");
  const [data, port] = [join(folder, "data"), await freePort()];
  const common = ["--no-defaults", `--datadir=${data}`];
  runAs("mysql", [INSTALL, ...common, "--auth-root-authentication-method=normal", "--skip-test-db"]);
  const command = [
    SERVER,
    ...common,
    `--port=${port}`,
    "--bind-address=127.0.0.1",
    `--socket=${join(folder, "socket")}`,
    `--pid-file=${join(folder, "pid")}`,
    "--innodb-flush-log-at-trx-commit=0",
  ];
  return startServer("mysql", command, { folder, port, ready: /ready for connections/, stopSignal: "SIGTERM" });
}
