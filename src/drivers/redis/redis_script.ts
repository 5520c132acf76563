/** A script and the hash that Redis knows it by. */
export class RedisScript {
  readonly text: string;
  #sha: Promise<string> | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** The SHA-1 of the text, in hexadecimal digits. */
  get sha(): Promise<string> {
    return this.#sha ??= sha1(this.text);
  }
}

async function sha1(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
