/** A row as a client returns it: every value was selected as a text. */
export type PostgresRow = { readonly [column: string]: unknown };

/** Runs one statement, whose parameters are texts. */
export interface PostgresSession {
  /** Returns the rows of a statement, or an object with its `rows`. */
  query(
    text: string,
    params: (string | null)[],
  ): PromiseLike<readonly PostgresRow[] | { readonly rows: readonly PostgresRow[] }>;
}

/** A database of PGlite, or a handle of your own. */
export interface PostgresHandle extends PostgresSession {
  /** Runs `work` in one transaction, which is rolled back if it rejects. */
  transaction<T>(work: (session: PostgresSession) => Promise<T>): PromiseLike<T>;
  /** Calls `onNotify` with the payload of each notification on a channel, until the returned function is called. */
  listen?(channel: string, onNotify: (payload: string) => void): PromiseLike<() => PromiseLike<unknown>>;
}

/** What runs statements in postgres.js and in Bun's `SQL`. */
export interface PostgresTag {
  /** Runs a statement from a text. */
  unsafe(text: string, params: (string | null)[], options: { prepare: boolean }): PromiseLike<readonly PostgresRow[]>;
}

/** `postgres(url)` of postgres.js, or Bun's `new SQL(url)`. */
export interface PostgresTagClient extends PostgresTag {
  /** Runs `work` in one transaction, which is rolled back if it rejects. */
  begin(work: (tag: PostgresTag) => Promise<unknown>): PromiseLike<unknown>;
  /** Distinguishes postgres.js from others. */
  readonly PostgresError?: unknown;
  /** The options it was made with. */
  readonly options?: { readonly prepare?: boolean | undefined } | undefined;
  /**
   * Calls `onNotify` with the payload of each notification on a channel, and `onListen` each time that it listens: again
   * after a lost connection.
   */
  listen?(
    channel: string,
    onNotify: (payload: string) => void,
    onListen?: () => void,
  ): PromiseLike<{ unlisten(): PromiseLike<unknown> }>;
}

/** A notification, as `pg` emits it. */
export interface PgNotification {
  /** The channel. */
  readonly channel: string;
  /** Its payload. */
  readonly payload?: string | undefined;
}

/** What a connection of `pg` emits. */
export interface PgEmitter {
  /** Listens to notifications. */
  on?(event: "notification", listener: (notification: PgNotification) => void): unknown;
  /** Listens to the end of its connection, which would end the process otherwise. */
  on?(event: "error" | "end", listener: () => void): unknown;
  /** Stops listening to notifications. */
  removeListener?(event: "notification", listener: (notification: PgNotification) => void): unknown;
  /** Stops listening. */
  removeListener?(event: "error" | "end", listener: () => void): unknown;
}

/** A connected `Client` of `pg`. */
export interface PgClient extends PostgresSession, PgEmitter {
  /** Distinguishes a client from other handles. Not called. */
  connect(): unknown;
}

/** A client that was taken out of a `Pool` of `pg`. */
export interface PgPoolClient extends PostgresSession, PgEmitter {
  /** Puts it back, or closes it where its connection is broken. */
  release(broken?: boolean): void;
}

/** A `Pool` of `pg`. */
export interface PgPool extends PostgresSession {
  /** Takes a client out of the pool. */
  connect(): Promise<PgPoolClient>;
  /** Distinguishes a pool from a client. */
  readonly totalCount: number;
}

/** An open database of any of these clients. It is recognised by its functions. */
export type PostgresClient = PostgresHandle | PostgresTagClient | PgClient | PgPool;
