/** What a connection tells of. */
export interface TransportEvents {
  /** A text has come, perhaps one of our own; it may be lost, late, repeated or anybody's. */
  readonly text: (text: string) => void;
  /** The connection, once made, has broken, and tells of nothing more. */
  readonly broken: (error: unknown) => void;
}

/** A connection that carries short texts to all nodes, this one included. */
export interface TransportConnection {
  /** Resolves when the texts are on their way. @throws when the connection is broken. */
  send(texts: readonly string[]): Promise<void>;
  /** Ends it, whatever state it is in; never rejects. */
  close(): Promise<void>;
}

/** How texts get from node to node. Whether they arrive is not its business: {@link NodeBus} finds out, and connects again. */
export interface Transport {
  /** As the operator is told of it. */
  readonly name: string;
  /** What helps where texts are sent and do not come back; a part of a sentence. */
  readonly advice: string;
  /** Most characters of a text. */
  readonly maxChars: number;
  /** Whether what was committed travels with its hint. */
  readonly carries: boolean;
  connect(events: TransportEvents): Promise<TransportConnection>;
}
