/**
 * A process that listens to a server that is not there. Its argument says where the server would be, and who waits for it.
 * Prints each state of the connection, and what a reader heard.
 */

import { LiveTable, MemCache, MemTable } from "@vantage/live";
import { SseLiveStream } from "@vantage/live/rest";
import process from "node:process";

/** Who waits for events: a table alone, somebody who reads the stream, or what a table makes of it. */
export interface DoneArgument {
  readonly url: string;
  readonly reads: "nothing" | "the stream" | "the table's events";
}

const { url, reads }: DoneArgument = JSON.parse(process.argv[2] ?? "");
let isLive = false;
const liveStream = new SseLiveStream(url, {
  onState: (state) => {
    isLive = state === "live";
    console.log(JSON.stringify(state));
  },
});
const table = new LiveTable(new MemTable("products"), "products", new MemCache(), { liveStream });
await table.listValues();
if (reads !== "nothing") {
  const reader = (reads === "the stream" ? liveStream : table.events).subscribe().getReader();
  let heard = await reader.read();
  // A table tells of gaps before there is a server, too.
  while (!isLive) heard = await reader.read();
  console.log(JSON.stringify(`heard ${heard.value?.kind}`));
  await reader.cancel();
  await table.close();
}
