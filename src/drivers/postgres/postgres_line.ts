/** Receives what happens on a channel. */
export interface ChannelEvents {
  /** A notification with this payload. */
  onNotify(payload: string): void;
  /** The client has lost its connection, and listens again: notifications in between were missed. */
  onAgain(): void;
  /** The connection is lost. Nothing more is called. */
  onLost(): void;
}

/** The connection of a client that receives notifications. It is made by the first `open`, and made anew after a loss. */
export interface Line {
  /** Listens to a channel; the returned function ends that. */
  open(channel: string, events: ChannelEvents): Promise<() => Promise<void>>;
  /** Gives the connection up: it is not certain any more that it receives anything. */
  drop(): void;
}
