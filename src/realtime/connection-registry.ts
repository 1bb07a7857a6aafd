import type { MemoryBudget } from '../auth/admission/memory-budget.js';
import type { LimitedLog } from '../http/limited-log.js';
import { spreadMs } from '../http/drain.js';
import { inTime } from '../ledger/in-time.js';
import { AtomeError, CloseCode, type JsonValue } from '../protocol/index.js';
import type { SharedState } from '../bus/shared-state.js';
import { ClientsElsewhere } from './clients-elsewhere.js';
import { PresenceBoard } from './presence-board.js';
import type { RegisteredConnection } from './registered-connection.js';
import { UnsentBytes } from './unsent-bytes.js';

/** How often it is looked whether messages have come whole, in milliseconds. */
const LOOK_MS = 5_000;
/** How often it is counted what clients have not taken, in milliseconds. */
const COUNT_MS = 1_000;
/** With what a connection is closed by a server that goes down. */
export const GOING_DOWN = [CloseCode.RESTART, 'the server is going down'] as const;

/**
 * The open connections of this node: who is there, heartbeat, presence, and goodbye. A half-open connection
 * answers no ping and is closed at the next beat.
 */
export class ConnectionRegistry {
  private readonly sessions = new Set<RegisteredConnection>();
  private readonly presence = new PresenceBoard(this.sessions);
  private readonly elsewhere: ClientsElsewhere;
  private readonly unsent: UnsentBytes;
  private timers: readonly NodeJS.Timeout[] = [];
  private isLeaving = false;

  /**
   * @param memory what presences, and what is on its way, are a part of.
   * @param shared what is told to other nodes, and what they tell.
   */
  constructor(
    private readonly heartbeatMs: number,
    private readonly memory: Pick<MemoryBudget, 'hasRoom' | 'register'>,
    log: Pick<LimitedLog, 'warn'>,
    shared: SharedState,
  ) {
    this.unsent = new UnsentBytes(this.sessions, log);
    this.elsewhere = new ClientsElsewhere(shared, this.presence);
    [this.presence, this.unsent].forEach((holder) => memory.register(holder));
  }

  start(): void {
    this.stop();
    this.timers = [
      setInterval(() => this.takeStock(), COUNT_MS),
      setInterval(() => this.pingAll(), this.heartbeatMs),
      setInterval(() => this.cutLate(LOOK_MS), LOOK_MS),
    ];
  }

  stop(): void {
    this.timers.forEach(clearInterval);
    this.presence.stop();
  }

  add(session: RegisteredConnection): void {
    this.sessions.add(session);
    if (!this.isLeaving) return;
    void session.leave(spreadMs());
    session.socket.close(...GOING_DOWN);
  }

  remove(session: RegisteredConnection): void {
    this.sessions.delete(session);
    if (this.presence.remove(session)) this.elsewhere.tell(session, null);
  }

  /** How many there are that have said who they are, and that have not. */
  get totals(): { authenticated: number; unauthenticated: number } {
    let authenticated = 0;
    for (const { principal } of this.sessions) if (principal) authenticated += 1;
    return { authenticated, unauthenticated: this.sessions.size - authenticated };
  }

  /** How many clients of a tenant there are, at this node and at others. */
  count(tenant: string): number {
    let count = this.elsewhere.count(tenant);
    for (const session of this.sessions) if (session.principal?.tenant === tenant) count += 1;
    return count;
  }

  /** The connections of a tenant at this node. */
  of(tenant: string): readonly RegisteredConnection[] {
    return [...this.sessions].filter(({ principal }) => principal?.tenant === tenant);
  }

  /**
   * Tells the others of the tenant; null takes a presence back.
   * @throws AtomeError `unavailable` where there is no memory for more.
   */
  setPresence(session: RegisteredConnection, state: JsonValue): void {
    // it may have gone meanwhile
    if (!this.sessions.has(session)) return;
    if (state !== null && !this.memory.hasRoom())
      throw new AtomeError('unavailable', 'the server has no memory left for presences; try again later');
    this.presence.set(session, state);
    this.elsewhere.tell(session, state);
  }

  /** Tells one who has just come who has told its presence. */
  tellPresences(newcomer: RegisteredConnection): void {
    this.presence.welcome(newcomer);
  }

  /**
   * The server is going down: each client is sent away behind its own answers, to come back at a time of its own; those
   * that come now at once. Resolves when they have gone, but not later than after so many milliseconds.
   */
  async leave(ms: number): Promise<void> {
    this.isLeaving = true;
    const gone = [...this.sessions].map((session) => session.leave(spreadMs()));
    await inTime(Promise.all(gone), ms, () => undefined);
  }

  /** Closes those that are left, and resolves when they are closed. */
  async close(): Promise<void> {
    await Promise.all(
      [...this.sessions].map((session) => {
        session.socket.close(...GOING_DOWN);
        return session.socket.closed;
      }),
    );
  }

  /** Ends connections on which a message does not come whole. @param ms since it was looked before. */
  cutLate(ms: number): void {
    for (const { socket } of this.sessions) {
      if (socket.half.isLate(ms)) socket.close(CloseCode.NO_PROGRESS, 'a message did not arrive whole in time');
    }
  }

  private takeStock(): void {
    this.unsent.count();
    this.elsewhere.tellCounts(this.sessions);
  }

  private pingAll(): void {
    for (const { socket } of this.sessions) {
      if (socket.liveness.wasAlive()) socket.liveness.ping();
      else socket.close(CloseCode.NO_PROGRESS, 'no sign of life since the last ping');
    }
  }
}
