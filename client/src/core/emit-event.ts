import type { AlterationBody, AtomeEvent } from '../../../src/protocol/index.js';
import type { Origin } from '../offline/changes.js';
import type { Emitter } from './emitter.js';

/** Hands an event to the application, unless it is its own; tells when keys of a write that was pending have lost. */
export function emitEvent(emit: Emitter['emit'], event: AtomeEvent, { own, pending }: Origin): void {
  if (!own) emit(event.type, event);
  if (!pending) return;
  const { atome, atomeId = atome!.id, alteration = null, superseded } = event as EventParts;
  if (superseded?.length && event.type !== 'atome:left') emit('sync:conflict', { atomeId, superseded, alteration });
}

/** What some events have, and others have not. */
interface EventParts {
  readonly atome?: { readonly id: string };
  readonly atomeId?: string;
  readonly alteration?: AlterationBody;
  readonly superseded?: readonly string[];
}
