/// <reference lib="dom" />
import { type ReactNode, useEffect, useState, useSyncExternalStore } from "react";
import { editAsOther, run, type ServerState, serverState, setWeather, type Weather } from "./demo_server.ts";
import { isOffline, onNetwork, setOffline } from "./network.ts";
import { plainLine } from "./plain_list.tsx";
import { line, products } from "./shop.ts";

const LOOK_EVERY_MS = 1_000;

/** What makes the network and the server worse, and what they were used for. */
export function Controls({ firstId }: { readonly firstId: string | undefined }): ReactNode {
  const [state, setState] = useState<ServerState>();
  const [weather, turn] = useState<Weather>({ latencyMs: 0, failPercent: 0 });
  const offline = useSyncExternalStore(onNetwork, isOffline);
  const look = async (): Promise<void> => setState(await serverState());
  useEffect(() => {
    void serverState().then((first) => {
      setState(first);
      if (first !== undefined) turn(first);
    });
    const timer = setInterval(() => void look(), LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const change = (part: Partial<Weather>): void => {
    const next = { ...weather, ...part };
    turn(next);
    void setWeather(next);
  };
  return (
    <section aria-label="Controls" className="controls">
      <label>
        Latency <span>{weather.latencyMs} ms</span>
        <input
          type="range"
          min={0}
          max={3000}
          step={50}
          value={weather.latencyMs}
          onChange={({ currentTarget }) => change({ latencyMs: Number(currentTarget.value) })}
        />
      </label>
      <label>
        Lost requests <span>{weather.failPercent} %</span>
        <input
          type="range"
          min={0}
          max={100}
          step={5}
          value={weather.failPercent}
          onChange={({ currentTarget }) => change({ failPercent: Number(currentTarget.value) })}
        />
      </label>
      <label className="switch">
        <input
          type="checkbox"
          role="switch"
          checked={offline}
          onChange={({ currentTarget }) => setOffline(currentTarget.checked)}
        />
        Offline
      </label>
      <button type="button" disabled={firstId === undefined} onClick={() => void editFirst(firstId)}>
        Somebody else edits the first row
      </button>
      <button type="button" onClick={() => void run(state?.isRunning !== true).then(look)}>
        {state?.isRunning === true ? "Kill the server" : "Start the server"}
      </button>
      <Usage />
    </section>
  );
}

/** A price that nobody would type, so that one sees that it came from elsewhere. */
async function editFirst(id: string | undefined): Promise<void> {
  if (id !== undefined) await editAsOther(id, { price: Math.round(Math.random() * 10_000) / 1_000 });
}

/** What each list has asked the server for. */
function Usage(): ReactNode {
  const live = useSyncExternalStore(onNetwork, () => line.usage);
  const plain = useSyncExternalStore(onNetwork, () => plainLine.usage);
  const { hits } = products.stats();
  return (
    <p className="usage">
      With the module: {live.requests} requests, {kilobytes(live.bytes)}, {hits} hits. Without: {plain.requests}{" "}
      requests, {kilobytes(plain.bytes)}.
    </p>
  );
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1_000)} kB`;
}
