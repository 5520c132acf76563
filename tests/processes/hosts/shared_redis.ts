import { rmSync } from "node:fs";
import { join } from "node:path";
import { openNodeRedis } from "../../databases/redis_clients.ts";
import { type RedisProcess, startRedis } from "../../databases/redis_server.ts";
import { type RedisSwitch, startSwitch } from "../../drivers/redis/redis_switch.ts";

const REPLICATION: readonly string[] = ["--repl-diskless-sync-delay", "0"];

/** The Redis of all hosts, behind an address that leads to the server that is the master now. */
export class SharedRedis implements AsyncDisposable {
  readonly #address: RedisSwitch;
  #server: RedisProcess;
  #replica: RedisProcess | undefined;

  private constructor(server: RedisProcess, address: RedisSwitch) {
    this.#server = server;
    this.#address = address;
  }

  static async open(): Promise<SharedRedis> {
    const server = await startRedis(REPLICATION);
    return new SharedRedis(server, await startSwitch(server.port));
  }

  get port(): number {
    return this.#address.port;
  }

  freeze(): void {
    this.#server.signal("SIGSTOP");
  }

  wake(): void {
    this.#server.signal("SIGCONT");
  }

  async kill(): Promise<void> {
    await this.#server.kill();
  }

  /** Starts it again, with what it has saved. */
  async start(): Promise<void> {
    await this.#server.start();
    rmSync(join(this.#server.folder, "dump.rdb"), { force: true });
  }

  /** Saves what there is now. */
  async save(): Promise<void> {
    await ask(this.#server, "SAVE");
  }

  /** Starts a replica that has everything from up to now, and nothing from later. */
  async copy(): Promise<void> {
    const replica = this.#replica = await startRedis(REPLICATION);
    // As a setting, it would be one again when it is started again.
    await ask(replica, "REPLICAOF", "127.0.0.1", `${this.#server.port}`);
    while (!String(await ask(replica, "INFO", "replication")).includes("master_link_status:up"));
    await ask(replica, "REPLICAOF", "127.0.0.1", "1");
  }

  /** Makes the replica the master, in place of one that was killed. */
  async promote(): Promise<void> {
    const replica = this.#replica;
    if (replica === undefined) throw new Error("There is no replica");
    await ask(replica, "REPLICAOF", "NO", "ONE");
    this.#address.to(replica.port);
    await this.#server.remove();
    this.#server = replica;
    this.#replica = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#address[Symbol.asyncDispose]();
    // One that is frozen can be killed as well.
    for (const server of [this.#server, this.#replica]) await server?.remove();
  }
}

async function ask(server: RedisProcess, ...command: readonly string[]): Promise<unknown> {
  const { run, close } = await openNodeRedis(server.port);
  try {
    return await run(...command);
  } finally {
    close();
  }
}
