import type { MemoryHolder } from '../auth/admission/memory-budget.js';
import { textFrames } from '../feed/ws-frame.js';
import type { JsonValue, PresenceEvent, Principal } from '../protocol/index.js';
import type { RegisteredConnection } from './registered-connection.js';

/** How often presences are told, in milliseconds: what a client says in between replaces what it said before. */
const TICK_MS = 100;

/** What a presence takes besides its frame, in bytes. */
const ENTRY_BYTES = 512;

/** A client of this node, or of another. */
export type PresentClient = Pick<RegisteredConnection, 'clientId'> & {
  readonly principal: Pick<Principal, 'id' | 'tenant'> | undefined;
};

/** What one client has said last, as a frame that is made once for all who are told. */
class Presence {
  readonly frame: Buffer;
  /** Who has it already, until all have. */
  readonly told: Set<PresentClient>;

  constructor(
    readonly of: PresentClient,
    state: JsonValue,
  ) {
    this.told = new Set([of]);
    const { clientId, principal } = of;
    const event: PresenceEvent = { type: 'presence', clientId, principal: principal!.id, state };
    this.frame = textFrames([JSON.stringify(event)]);
  }

  get tenant(): string | undefined {
    return this.of.principal?.tenant;
  }

  get bytes(): number {
    return this.frame.length + ENTRY_BYTES;
  }
}

/** The presence of each client: the newest alone, told to the others of its tenant at a tick. */
export class PresenceBoard implements MemoryHolder {
  readonly name = 'presences';
  private held = 0;
  private readonly present = new Map<PresentClient, Presence>();
  /** What is not told yet. */
  private readonly changed = new Map<PresentClient, Presence>();
  private timer: NodeJS.Timeout | undefined;
  private toldAt = -TICK_MS;

  /** @param members all who may be told. */
  constructor(private readonly members: Iterable<RegisteredConnection>) {}

  get bytes(): number {
    return this.held;
  }

  /** @param state null takes it back. */
  set(client: PresentClient, state: JsonValue): void {
    const presence = new Presence(client, state);
    this.held -= this.present.get(client)?.bytes ?? 0;
    if (state === null) this.present.delete(client);
    else {
      this.present.set(client, presence);
      this.held += presence.bytes;
    }
    this.changed.set(client, presence);
    this.timer ??= setTimeout(this.tell, Math.max(0, this.toldAt + TICK_MS - performance.now())).unref();
  }

  /** @returns whether it was there. */
  remove(client: PresentClient): boolean {
    if (!this.present.has(client)) return false;
    this.set(client, null);
    return true;
  }

  /** Tells one who has just come who is there. */
  welcome(newcomer: RegisteredConnection): void {
    const tenant = newcomer.principal?.tenant;
    for (const presence of this.present.values()) {
      if (presence.tenant !== tenant) continue;
      if (this.changed.get(presence.of) === presence) presence.told.add(newcomer);
      newcomer.sendBestEffort(presence.frame);
    }
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private readonly tell = (): void => {
    this.timer = undefined;
    this.toldAt = performance.now();
    const byTenant = new Map<string | undefined, Presence[]>();
    for (const presence of this.changed.values()) {
      const others = byTenant.get(presence.tenant);
      if (others) others.push(presence);
      else byTenant.set(presence.tenant, [presence]);
    }
    const whole = new Map([...byTenant].map(([tenant, all]) => [tenant, Buffer.concat(all.map(({ frame }) => frame))]));
    for (const member of this.members) {
      const news = byTenant.get(member.principal?.tenant);
      if (news) tellMember(member, news, whole.get(member.principal?.tenant)!);
    }
    for (const { told } of this.changed.values()) told.clear();
    this.changed.clear();
  };
}

/** @param all the frames of all news, which most get as they are. */
function tellMember(member: RegisteredConnection, news: readonly Presence[], all: Buffer): void {
  if (!news.some(({ told }) => told.has(member))) return member.sendBestEffort(all);
  const missing = news.filter(({ told }) => !told.has(member));
  if (missing.length > 0) member.sendBestEffort(Buffer.concat(missing.map(({ frame }) => frame)));
}
