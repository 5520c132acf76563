import { connect } from "node:net";

/** What is sent. */
export interface RudeRequestInit {
  readonly method?: string | undefined;
  /** As JSON. */
  readonly body?: string | undefined;
}

/** A request that is not waited for to the end. */
export interface RudeRequest {
  /** Hangs up. */
  hangUp(): void;
}

/**
 * Sends a request whose connection can be reset. `fetch` ends it politely, which workerd takes for the end of what is
 * sent, not of what is waited for.
 */
export function sendRudely(url: URL, { method = "GET", body = "" }: RudeRequestInit = {}): RudeRequest {
  const socket = connect(Number(url.port), url.hostname);
  socket.on("error", () => {});
  const head = [
    `${method} ${url.pathname}${url.search} HTTP/1.1`,
    `host: ${url.host}`,
    "content-type: application/json",
    `content-length: ${new TextEncoder().encode(body).length}`,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  return { hangUp: () => void socket.resetAndDestroy() };
}
