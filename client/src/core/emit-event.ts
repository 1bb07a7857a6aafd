import type { AtomeEvent } from '../../../src/protocol/index.js';
import type { Origin } from '../offline/changes.js';
import type { Emitter } from './emitter.js';

/** Hands an event to the application, unless it is its own; tells when keys of a write that was pending have lost. */
export function emitEvent(emit: Emitter['emit'], event: AtomeEvent, { own, pending }: Origin): void {
  if (!own) emit(event.type, event);
  if (!pending) return;
  const { superseded } = event as { superseded?: readonly string[] };
  if (!superseded?.length || event.type === 'atome:left') return;
  const alteration = event.type === 'atome:altered' ? event.alteration : null;
  const atomeId = 'atome' in event ? event.atome.id : event.atomeId;
  emit('sync:conflict', { atomeId, superseded, alteration });
}
