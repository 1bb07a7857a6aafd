import type { SharedState } from '../bus/shared-state.js';
import type { JsonValue } from '../protocol/index.js';
import type { PresenceBoard, PresentClient } from './presence-board.js';
import type { RegisteredConnection } from './registered-connection.js';

const PRESENCE = 'presence ';
const COUNT = 'connections ';

/** A presence, as one node tells it to others. */
interface ToldPresence {
  readonly clientId: string;
  readonly tenant: string;
  readonly principal: string;
  readonly state: JsonValue;
}

/** The clients of other nodes, as far as those tell of them, and what this one tells. */
export class ClientsElsewhere {
  /** By key: a presence is its client's. */
  private readonly clients = new Map<string, PresentClient>();
  private counted = new Map<string, number>();

  constructor(
    private readonly shared: Pick<SharedState, 'set' | 'onChange' | 'valuesOf'>,
    private readonly board: PresenceBoard,
  ) {
    shared.onChange((node, key, value) => {
      if (key.startsWith(PRESENCE)) this.changed(`${node} ${key}`, value);
    });
  }

  /** How many clients of a tenant there are at other nodes. */
  count(tenant: string): number {
    let count = 0;
    for (const value of this.shared.valuesOf(COUNT + tenant)) count += value as number;
    return count;
  }

  /** Tells others of a client of this node; null takes its presence back. */
  tell({ clientId, principal }: RegisteredConnection, state: JsonValue): void {
    const { id, tenant } = principal!;
    const told: ToldPresence = { clientId, tenant, principal: id, state };
    this.shared.set(`${PRESENCE}${tenant} ${clientId}`, state === null ? null : { ...told });
  }

  /** Tells others how many clients there are here. */
  tellCounts(clients: Iterable<RegisteredConnection>): void {
    const counts = new Map<string, number>();
    for (const { principal } of clients) {
      if (principal) counts.set(principal.tenant, (counts.get(principal.tenant) ?? 0) + 1);
    }
    for (const [tenant, count] of counts)
      if (this.counted.get(tenant) !== count) this.shared.set(COUNT + tenant, count);
    for (const tenant of this.counted.keys()) if (!counts.has(tenant)) this.shared.set(COUNT + tenant, null);
    this.counted = counts;
  }

  private changed(key: string, value: JsonValue): void {
    const known = this.clients.get(key);
    if (value === null) {
      this.clients.delete(key);
      if (known) this.board.remove(known);
      return;
    }
    const { clientId, tenant, principal, state } = value as unknown as ToldPresence;
    const client = known ?? { clientId, principal: { id: principal, tenant } };
    this.clients.set(key, client);
    this.board.set(client, state);
  }
}
