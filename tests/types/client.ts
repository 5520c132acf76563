/** The rows that the type tests speak of: an interface with every sort of column. */
export interface Client {
  id: string;
  name: string;
  age?: number;
  city: string | null;
  born: Date;
  status: "new" | "regular";
  balance: bigint;
  isActive: boolean;
  photo: Uint8Array;
  tags: string[];
  address: Address;
}

/** An interface within a row. */
export interface Address {
  street: string;
  zip?: string;
  at: [latitude: number, longitude: number];
}

/** The same as a type alias, of fewer columns. */
export type Order = { id: string; total: number };

/** The same as a class, whose methods are no columns. */
export class Product {
  id = "";
  name = "";
  readonly price: number = 0;
  label(): string {
    return `${this.name}: ${this.price}`;
  }
}

/** A client. */
export const MARTY: Client = {
  id: "marty",
  name: "Marty",
  city: null,
  born: new Date(0),
  status: "new",
  balance: 0n,
  isActive: true,
  photo: new Uint8Array(),
  tags: ["guitar"],
  address: { street: "Lyon Drive", at: [34.1, -118.1] },
};
