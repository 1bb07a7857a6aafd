import type { AtomeEvent } from '../../../src/protocol/index.js';

/** More writes than can be waiting for their event; each entry is an id. */
const MOST_WRITES = 10_000;
/** One for each connection; an event of an older one is known by its opId. */
const MOST_CLIENTS = 100;

/** Remembers what this client has written, so that it is not told its own news. */
export class OwnWrites {
  private readonly writes = new Map<string, object>();
  private readonly clients = new Map<string, true>();

  /** @param operation what was sent, for the event that tells of its refusal. */
  add(opId: string, operation: object): void {
    put(this.writes, opId, operation, MOST_WRITES);
  }

  addClient(clientId: string): void {
    put(this.clients, clientId, true, MOST_CLIENTS);
  }

  /** The operation of that opId, which is then forgotten. */
  take(opId: string): object | undefined {
    const operation = this.writes.get(opId);
    this.writes.delete(opId);
    return operation;
  }

  /** Others may use the same opId: what was sent to another atome is not told by this event. */
  private isOf(opId: string, event: Exclude<AtomeEvent, { type: 'atome:left' }>): boolean {
    const { atomeId } = (this.writes.get(opId) ?? {}) as { readonly atomeId?: unknown };
    return typeof atomeId !== 'string' || atomeId === ('atomeId' in event ? event.atomeId : event.atome.id);
  }

  /** True for the event of an own write. It comes once, so its opId need not be kept. */
  takes(event: AtomeEvent): boolean {
    if (event.type === 'atome:left') return false;
    const byOpId = event.opId !== null && this.isOf(event.opId, event) && this.take(event.opId) !== undefined;
    return byOpId || (event.sourceClient !== null && this.clients.has(event.sourceClient));
  }
}

function put<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value!);
}
