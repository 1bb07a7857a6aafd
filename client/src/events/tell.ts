import type { AtomeEvent } from '../../../src/protocol/index.js';
import type { Emitter } from './emitter.js';

/** Hands an event to the application: somebody else's as it is, an own one only when keys of it have lost. */
export function tell(events: Emitter, event: AtomeEvent, own: boolean): void {
  if (!own) return events.emit(event.type, event);
  const { superseded } = event as { superseded?: readonly string[] };
  if (!superseded?.length || event.type === 'atome:left') return;
  const alteration = event.type === 'atome:altered' ? event.alteration : null;
  const atomeId = 'atome' in event ? event.atome.id : event.atomeId;
  events.emit('sync:conflict', { atomeId, superseded, alteration });
}
