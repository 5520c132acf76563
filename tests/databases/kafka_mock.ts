import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";

const KCAT = "/usr/bin/kcat";

/** How long the cluster may take to start, and to stop. */
const TIME_LIMIT_MS = 60_000;

/** Why tests that need Kafka are skipped. */
export const WITHOUT_KAFKA: string | undefined = existsSync(KCAT) ? undefined : "kcat is not installed";

/** A cluster that runs for some tests. */
export interface KafkaCluster {
  /** Its address, as clients take it. */
  readonly address: string;
  /** Freezes all of it, or lets it go on. */
  freeze(frozen: boolean): void;
  stop(): Promise<void>;
}

/**
 * Starts librdkafka's mock cluster of one broker, which makes topics of 4 partitions when they are first used. It lives
 * in a process of `kcat` that waits for its input.
 */
export async function startKafka(): Promise<KafkaCluster> {
  const args = ["-b", "mock:1", "-P", "-t", "seed", "-X", "test.mock.num.brokers=1", "-d", "mock"];
  const child = spawn(KCAT, args, { stdio: ["pipe", "ignore", "pipe"] });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const address = await new Promise<string>((resolve, reject) => {
    let printed = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), TIME_LIMIT_MS);
    child.on("error", reject);
    child.on("close", () => reject(new Error(`The cluster ended: ${printed}`)));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (printed.length > 100_000) return;
      printed += text;
      const found = /bootstrap\.servers=(127\.0\.0\.1:\d+|[\w.-]+:\d+)/.exec(printed)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
  });
  return {
    address,
    freeze: (frozen) => void process.kill(child.pid ?? 0, frozen ? "SIGSTOP" : "SIGCONT"),
    stop: async () => {
      child.kill("SIGCONT");
      child.kill("SIGKILL");
      await ended;
    },
  };
}
