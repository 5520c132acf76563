/// <reference lib="dom" />
/** The controls of the demo's server. */

/** How bad the network is. */
export interface Weather {
  readonly latencyMs: number;
  readonly failPercent: number;
}

/** What the server says about itself. */
export interface ServerState extends Weather {
  /** Whether the tables are served. */
  readonly isRunning: boolean;
}

/** Asks for the state; `undefined` if the server is away. */
export async function serverState(): Promise<ServerState | undefined> {
  return await fetch("/demo").then((answer) => answer.json(), () => undefined);
}

export async function setWeather(weather: Weather): Promise<void> {
  await post("weather", weather);
}

/** Kills the server of the tables, or starts it. */
export async function run(isRunning: boolean): Promise<void> {
  await post(isRunning ? "start" : "kill", {});
}

/** Changes a row as somebody else. */
export async function editAsOther(id: string, row: object): Promise<void> {
  await post("edit", { id, row });
}

async function post(control: string, body: object): Promise<void> {
  await fetch(`/demo/${control}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => {});
}
