import type { AtomeEvent } from '../../../src/protocol/index.js';
import type { RejectedWrite } from '../storage/store.js';
import type { Shown } from './view.js';

/** Where an alteration came from. */
export interface Origin {
  /** It was a pending write until then, of whichever tab or start of the program. */
  readonly pending: boolean;
  /** It was made by this client. */
  readonly own: boolean;
}

/** What happens in a client, one thing at a time. */
export type Change =
  /** Outbox, inbox or checkpoint are others; `shown` tells which atomes are shown differently. */
  | { readonly type: 'shown'; readonly shown: ReadonlyMap<string, Shown> }
  /** The connection, or what is known by it, is in another state. */
  | { readonly type: 'connection' }
  /** A write is in the outbox that was not made here just now. */
  | { readonly type: 'observed'; readonly opId: string }
  /** An alteration was taken in. */
  | { readonly type: 'event'; readonly event: AtomeEvent; readonly origin: Origin }
  | { readonly type: 'rejected'; readonly write: RejectedWrite }
  /** The store has failed, and keeps all again; there may be other tabs again. */
  | { readonly type: 'recovered' }
  /** `usurped`: the client has to end, because what it holds is not to be shown to whom the server names. */
  | { readonly type: 'failed'; readonly error: Error; readonly usurped?: true };

/** Which write an alteration comes from; an empty text where it does not say. */
export function opIdOf(event: AtomeEvent): string {
  return ('opId' in event && event.opId) || '';
}
