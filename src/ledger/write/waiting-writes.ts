import type { Outcome, WriteOrigin } from '../outcome.js';
import { groupSize, MAX_WRITES } from './group-size.js';
import type { PreparedMutation } from './prepared-mutation.js';

/** A write that was let in, and is not decided. */
export interface QueuedWrite {
  readonly mutation: PreparedMutation;
  readonly chars: number;
  readonly origin: WriteOrigin;
  /** With how many behind it, itself included, it is written, or none of them; 0: it stands for itself. */
  readonly atomic: number;
  /** When it came; 0 where nobody measures. */
  readonly cameAt: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** How much waits. */
export interface Load {
  readonly count: number;
  readonly chars: number;
}

/** What waits apart, as one principal finds it. */
export interface Apart {
  readonly all: Load;
  /** Of how many principals something does. */
  readonly lanes: number;
  /** That of this one, who rests for so many milliseconds; missing where they do not. */
  readonly own?: Load & { readonly restMs: number };
}

/** How long it may take until who is awaited at the end is known not to rest, in milliseconds. */
const LOOK_MS = 100;

/** A principal who rests, and the writes that wait for it. */
interface Lane {
  until: number;
  chars: number;
  writes: QueuedWrite[];
}

/**
 * The writes of a tenant that wait, in their order. Those of principals who rest for what they have altered wait apart, so that
 * nobody else of the tenant waits for that. When the rest of one is over, theirs stand behind the others, each principal's in the
 * order they came.
 */
export class WaitingWrites {
  private ready: QueuedWrite[];
  private readonly lanes = new Map<string, Lane>();
  private readonly inLanes = { count: 0, chars: 0, lanes: 0 };
  private wake: () => void = () => undefined;

  constructor(...writes: QueuedWrite[]) {
    this.ready = writes;
  }

  /** Whether there is nothing, and nobody rests. */
  get isEmpty(): boolean {
    return this.ready.length + this.lanes.size === 0;
  }

  /** Whether the next group has something. */
  get hasReady(): boolean {
    return this.ready.length > 0;
  }

  /** What waits apart; undefined where nobody rests. */
  apartOf(principal?: string): Apart | undefined {
    if (this.lanes.size === 0) return undefined;
    const { lanes, ...all } = this.inLanes;
    const lane = principal === undefined ? undefined : this.lanes.get(principal);
    if (!lane) return { all, lanes };
    const { writes, chars } = lane;
    return { all, lanes, own: { count: writes.length, chars, restMs: lane.until - performance.now() } };
  }

  push(write: QueuedWrite): void {
    const lane = this.lanes.get(idOf(write));
    if (lane) {
      this.moveTo(lane, [write]);
      return;
    }
    this.ready.push(write);
    this.wake();
  }

  /** What was taken and not decided comes first again. */
  putBack(writes: readonly QueuedWrite[]): void {
    if (writes.length === 0) return;
    // before those of the same principal, wherever they stand
    const here = this.idsOfReady();
    this.ready.unshift(...this.setApart(writes, (id) => !here.has(id)));
  }

  /** The next group; empty where nobody has anything but those who rest. */
  take(): QueuedWrite[] {
    this.goOn(performance.now());
    return this.ready.length === 0 ? [] : this.ready.splice(0, groupSize(this.ready));
  }

  /** Has principals rest, each until its own end; at a time that has passed they only go behind the others. */
  rest(principals: Iterable<string>, until: number): void {
    const ids = new Set(principals);
    for (const id of ids) {
      const known = this.lanes.get(id);
      if (known) known.until = Math.max(known.until, until);
      else this.lanes.set(id, { until, chars: 0, writes: [] });
    }
    this.ready = this.setApart(this.ready, (id) => ids.has(id));
  }

  endRest(): void {
    for (const lane of this.lanes.values()) for (const each of this.takeFrom(lane, Infinity)) this.ready.push(each);
    this.lanes.clear();
    this.wake();
  }

  /** Resolves when a principal rests no more. */
  async rested(id: string): Promise<void> {
    const restMs = (): number => (this.lanes.get(id)?.until ?? 0) - performance.now();
    for (let ms = restMs(); ms > 0; ms = restMs())
      await new Promise((resolve) => setTimeout(resolve, Math.min(ms, LOOK_MS)));
  }

  /** Resolves when there may be a group. */
  async someReady(): Promise<void> {
    if (this.ready.length > 0 || this.lanes.size === 0) return;
    let until = Infinity;
    for (const lane of this.lanes.values()) until = Math.min(until, lane.until);
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      timer = setTimeout(resolve, until - performance.now());
    });
    clearTimeout(timer);
    this.wake = () => undefined;
  }

  /** Some of what waited for those who have rested stands behind the others: equal parts of the room there is, or one at least. */
  private goOn(now: number): void {
    if (this.lanes.size === 0) return;
    const due = [...this.lanes].filter(([, { until }]) => until <= now);
    const part = Math.floor(Math.max(0, MAX_WRITES - this.ready.length) / due.length);
    const here = this.idsOfReady();
    for (const [id, lane] of due) {
      const [first] = lane.writes;
      const isToStand = here.has(id) ? part > 0 && first?.atomic === 0 : first !== undefined;
      if (isToStand) {
        const size = first!.atomic || Math.min(part || 1, groupSize(lane.writes));
        this.ready.push(...this.takeFrom(lane, size));
      }
      if (lane.writes.length === 0) this.lanes.delete(id);
    }
  }

  private idsOfReady(): ReadonlySet<string> {
    return new Set(this.ready.map(idOf));
  }

  /** Before what waits apart already of the same principals. @returns those of the others. */
  private setApart(writes: readonly QueuedWrite[], isToBe: (id: string) => boolean): QueuedWrite[] {
    const others: QueuedWrite[] = [];
    const byLane = new Map<Lane, QueuedWrite[]>();
    for (const write of writes) {
      const lane = isToBe(idOf(write)) ? this.lanes.get(idOf(write)) : undefined;
      if (!lane) others.push(write);
      else if (byLane.get(lane)?.push(write) === undefined) byLane.set(lane, [write]);
    }
    for (const [lane, earlier] of byLane) this.moveTo(lane, [...earlier, ...this.takeFrom(lane, Infinity)]);
    return others;
  }

  private moveTo(lane: Lane, writes: readonly QueuedWrite[]): void {
    if (lane.writes.length === 0 && writes.length > 0) this.inLanes.lanes += 1;
    for (const write of writes) lane.writes.push(write);
    this.count(lane, writes, 1);
  }

  private takeFrom(lane: Lane, size: number): QueuedWrite[] {
    const taken = lane.writes.splice(0, size);
    if (lane.writes.length === 0 && taken.length > 0) this.inLanes.lanes -= 1;
    this.count(lane, taken, -1);
    return taken;
  }

  private count(lane: Lane, writes: readonly QueuedWrite[], sign: 1 | -1): void {
    const chars = sign * writes.reduce((sum, write) => sum + write.chars, 0);
    lane.chars += chars;
    this.inLanes.chars += chars;
    this.inLanes.count += sign * writes.length;
  }
}

function idOf({ origin }: QueuedWrite): string {
  return origin.principal.id;
}
