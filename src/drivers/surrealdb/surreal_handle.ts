/** What one statement of a query gave. */
export type SurrealResponse =
  | { readonly success: true; readonly result: unknown }
  | { readonly success: false; readonly error: unknown };

/** A query that was sent, or is when it is awaited. */
export interface SurrealQuery extends PromiseLike<readonly unknown[]> {
  /** The result of each statement, or its error. */
  responses(): Promise<readonly SurrealResponse[]>;
}

/**
 * A connected `Surreal` of the npm package `surrealdb` from version 2, one of its sessions or transactions, or an object of
 * your own whose values are those of that package.
 */
export interface SurrealHandle {
  /** Runs statements with parameters. */
  query(text: string, bindings?: Record<string, unknown>): SurrealQuery;
}

/** What a live query says. */
export interface SurrealLiveMessage {
  /** `CREATE`, `UPDATE`, `DELETE`, or `KILLED` if there will be no more. */
  readonly action: string;
  /** The `RecordId` of the row; absent if it was killed. */
  readonly recordId?: unknown;
}

/** A live query that is listened to. */
export interface SurrealSubscription extends AsyncIterable<SurrealLiveMessage> {
  /** Listens to its messages, until the returned function is called. */
  subscribe(listener: (message: SurrealLiveMessage) => void): () => void;
  /** Ends the live query. */
  kill(): Promise<unknown>;
}

/** A connected `Surreal`, or a session, that can listen to live queries. */
export interface SurrealLiveHandle extends SurrealHandle {
  /** Listens to a live query by its id, a `Uuid`. */
  // deno-lint-ignore no-explicit-any -- The id is of a class of the client.
  liveOf(id: any): PromiseLike<SurrealSubscription>;
  /** Listens to the state of the connection, until the returned function is called. */
  subscribe(event: "connected" | "disconnected" | "reconnecting", listener: () => void): () => void;
}
