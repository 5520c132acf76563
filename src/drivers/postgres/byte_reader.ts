const UTF8 = new TextDecoder();

/** Reads big-endian numbers and texts one after the other. Each call throws a `RangeError` beyond the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  skip(count: number): void {
    this.#at += count;
  }

  letter(): string {
    return String.fromCharCode(this.#view.getUint8(this.#at++));
  }

  uint16(): number {
    return this.#view.getUint16(this.#move(2));
  }

  uint32(): number {
    return this.#view.getUint32(this.#move(4));
  }

  uint64(): bigint {
    return this.#view.getBigUint64(this.#move(8));
  }

  /** A text of so many bytes. */
  text(length: number): string {
    const start = this.#move(length);
    if (this.#at > this.#bytes.length) throw new RangeError("The text is longer than the message");
    return UTF8.decode(this.#bytes.subarray(start, this.#at));
  }

  /** A text that ends before a zero byte. */
  text0(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end === -1) throw new RangeError("The text has no end");
    const text = this.text(end - this.#at);
    this.skip(1);
    return text;
  }

  #move(count: number): number {
    const start = this.#at;
    this.#at += count;
    return start;
  }
}
