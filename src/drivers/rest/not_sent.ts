/** Codes of failures to find a host or to connect to it. */
const NOT_CONNECTED: readonly unknown[] = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"];

/**
 * Whether `fetch` rejected with an error that proves that nothing was sent, since there never was a connection. The codes
 * are those of Node and Bun; Deno and browsers do not say why a request failed.
 */
export function wasNotSent(error: unknown, method: string): boolean {
  // Bun itself puts the code here. It sends a PUT or DELETE again that was sent on a connection which then broke.
  if (codeOf(error) !== undefined) return isNotConnected(error) && method !== "PUT" && method !== "DELETE";
  return isNotConnected(memberOf(error, "cause"));
}

function isNotConnected(error: unknown): boolean {
  const errors = memberOf(error, "errors");
  // One for each address of the host.
  if (Array.isArray(errors) && errors.length > 0) return errors.every(isNotConnected);
  return NOT_CONNECTED.includes(codeOf(error)) || memberOf(error, "syscall") === "connect";
}

function codeOf(error: unknown): unknown {
  return memberOf(error, "code");
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
