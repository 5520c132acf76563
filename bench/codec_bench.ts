import { Encoder } from "cbor-x/index-no-eval";
// The codec is not an entry of the package.
import { decodeRows, encodeRows } from "../src/cache/codec.ts";
import { openBakery } from "./fixture.ts";
import { measure } from "./measure.ts";

/** A way to encode rows and decode them again. */
interface Codec<E> {
  readonly encode: () => E;
  readonly decode: (encoded: E) => unknown;
}

const OPERATIONS = 20;

const { products } = await openBakery(100);
const rows = await products.listValues();
const list = [...rows.values()];

const maps = new Encoder({ useRecords: false, tagUint8Array: false });
const records = new Encoder({ useRecords: true, tagUint8Array: false });

measureCodec("JSON", { encode: () => JSON.stringify(list), decode: (text) => JSON.parse(text) }, true);
measureCodec("cbor-x, a map for each row", { encode: () => maps.encode(list), decode: (bytes) => maps.decode(bytes) });
measureCodec("cbor-x, records", { encode: () => records.encode(list), decode: (bytes) => records.decode(bytes) });
measureCodec("by column", { encode: () => encodeRows(rows), decode: decodeRows });
measureDecode("by column, each row looked at", encodeRows(rows), (bytes) => [...decodeRows(bytes).values()]);

function measureCodec<E extends string | Uint8Array>(name: string, codec: Codec<E>, baseline = false): void {
  const encoded = codec.encode();
  measure({
    group: "encode 100 rows",
    name,
    baseline,
    operations: OPERATIONS,
    bytes: encoded.length,
    run: () => {
      for (let index = 0; index < OPERATIONS; index++) codec.encode();
    },
  });
  measureDecode(name, encoded, codec.decode, baseline);
}

function measureDecode<E extends string | Uint8Array>(
  name: string,
  encoded: E,
  decode: Codec<E>["decode"],
  baseline = false,
): void {
  measure({
    group: "decode 100 rows",
    name,
    baseline,
    operations: OPERATIONS,
    bytes: encoded.length,
    run: () => {
      for (let index = 0; index < OPERATIONS; index++) decode(encoded);
    },
  });
}
