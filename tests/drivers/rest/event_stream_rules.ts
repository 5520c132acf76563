/** What an `EventSource` makes of a stream. */
export interface Interpreted {
  readonly messages: readonly { readonly event: string; readonly data: string }[];
  readonly lastEventId: string;
  readonly retryMs: number | undefined;
}

/**
 * The rules of the HTML standard (9.2.6, interpreting an event stream), word for word and of the whole stream at once: what
 * any other reader is compared with.
 */
export function interpret(bytes: Uint8Array): Interpreted {
  const messages: { event: string; data: string }[] = [];
  let [data, eventType, lastEventIdBuffer, lastEventId] = ["", "", "", ""];
  let retryMs: number | undefined;
  const field = (name: string, value: string): void => {
    if (name === "event") eventType = value;
    if (name === "data") data += `${value}\n`;
    if (name === "id" && !value.includes("\0")) lastEventIdBuffer = value;
    if (name === "retry" && /^[0-9]+$/.test(value)) retryMs = parseInt(value, 10);
  };
  // "UTF-8 decode" strips one byte order mark. What stands after the last end of a line is no line.
  for (const line of new TextDecoder().decode(bytes).split(/\r\n|\n|\r/).slice(0, -1)) {
    const colon = line.indexOf(":");
    if (line === "") {
      lastEventId = lastEventIdBuffer;
      if (data !== "") messages.push({ event: eventType || "message", data: data.slice(0, -1) });
      [data, eventType] = ["", ""];
    } else if (colon === -1) field(line, "");
    else if (colon > 0) field(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ""));
  }
  return { messages, lastEventId, retryMs };
}
