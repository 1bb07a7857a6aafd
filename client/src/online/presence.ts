import type { JsonValue, PresenceEvent } from '../../../src/protocol/index.js';
import { eachOf } from '../core/each-of.js';
import type { Fenced } from '../core/emitter.js';
import type { SyncWebSocket } from './sync-websocket.js';

/** Somebody else who is there. */
export type Other = Omit<PresenceEvent, 'type'>;

/** Who is there, and where: kept nowhere, gone with the connection. */
export interface Presence {
  /** Tells the others; null takes it back. It is told again by itself after the connection was away. */
  set(state: JsonValue): void;
  /** The others, as far as they are known: the same array until one of them is different. */
  others(): readonly Other[];
  /** Calls back at once, and whenever somebody comes, goes or moves. @returns what ends it. */
  watch(run: (others: readonly Other[]) => unknown): () => void;
}

/** @param socket connects when this is first used. */
export function createPresence(socket: SyncWebSocket, fenced: Fenced): Presence & { close(): void } {
  const known = new Map<string, Other>();
  const watching = new Set<{ readonly run: (others: readonly Other[]) => unknown }>();
  let others: readonly Other[] = [];
  let own: JsonValue = null;
  let begun = false;

  function tell(): void {
    others = [...known.values()];
    // each by itself: what one of them throws is told as that of a listener
    eachOf(watching, ({ run }) => fenced(() => run(others)));
  }

  function begin(): void {
    if (begun) return;
    begun = true;
    void socket.connect();
  }

  const ends = [
    socket.on('sync:message', (message) => {
      if (message.type !== 'presence') return;
      const { clientId, principal, state } = message as unknown as PresenceEvent;
      if (state === null) known.delete(clientId);
      else known.set(clientId, { clientId, principal, state });
      tell();
    }),
    socket.on('sync:connected', () => {
      if (own !== null) socket.send({ type: 'presence', state: own });
    }),
    socket.on('sync:disconnected', () => {
      // who is there then, the next connection tells
      known.clear();
      tell();
    }),
  ];

  return {
    set(state) {
      own = state;
      begin();
      socket.send({ type: 'presence', state });
    },
    others() {
      begin();
      return others;
    },
    watch(run) {
      const entry = { run };
      watching.add(entry);
      begin();
      fenced(() => run(others));
      return () => void watching.delete(entry);
    },
    close: () => ends.forEach((end) => end()),
  };
}
