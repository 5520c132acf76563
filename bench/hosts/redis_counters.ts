import { Redis } from "ioredis";

/** What Redis has done since it was started. */
export interface RedisCounts {
  readonly commands: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly cpuMs: number;
}

/** A connection that asks Redis what it has done. */
export class RedisCounters implements AsyncDisposable {
  readonly #client: Redis;

  private constructor(client: Redis) {
    this.#client = client;
  }

  static async open(port: number): Promise<RedisCounters> {
    const client = new Redis({ host: "127.0.0.1", port, lazyConnect: true });
    await client.on("error", () => {}).connect();
    return new RedisCounters(client);
  }

  async read(): Promise<RedisCounts> {
    const text = `${await this.#client.info("stats")}\n${await this.#client.info("cpu")}`;
    const number = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(text)?.[1]);
    return {
      commands: number("total_commands_processed"),
      bytesIn: number("total_net_input_bytes"),
      bytesOut: number("total_net_output_bytes"),
      cpuMs: (number("used_cpu_user") + number("used_cpu_sys")) * 1_000,
    };
  }

  /** Drops everything. */
  async clear(): Promise<void> {
    await this.#client.flushall();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#client.disconnect();
    return Promise.resolve();
  }
}
