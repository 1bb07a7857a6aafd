import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import { Schedule, type Happening } from './schedule.js';

/** When every run begins, in milliseconds since 1970. */
const EPOCH = Date.UTC(2026, 0, 1);
/** How far apart the monotonic clocks of two runs are, in milliseconds: what outlives a run is of long ago in the next. */
const APART_MS = 2 ** 22;

const RealDate = Date;

/** The clock and the dice that all code has while a run goes on. */
interface Surroundings {
  readonly schedule: Schedule;
  readonly random: () => number;
  readonly run: number;
}

/** As long as nothing has begun, time stands still. */
let surroundings: Surroundings = { schedule: new Schedule(() => undefined), random: () => 0, run: 0 };
let runs = 0;

/** Takes the schedule and the dice of a run. */
export function begin(schedule: Schedule, random: () => number): void {
  surroundings = { schedule, random, run: (runs += 1) };
}

function now(): number {
  const { schedule } = surroundings;
  return EPOCH + Math.floor(schedule.now + schedule.current.skewMs);
}

class VirtualDate extends RealDate {
  constructor(...given: unknown[]) {
    super(...((given.length === 0 ? [now()] : given) as [number]));
  }

  static override now(): number {
    return now();
  }
}

/** What `setTimeout` and the like answer. */
class VirtualTimer {
  private happening: Happening;
  private readonly actor = surroundings.schedule.current;

  constructor(
    private readonly ms: number,
    private readonly call: () => void,
    private readonly isRepeated = false,
  ) {
    this.happening = this.set();
  }

  private set(): Happening {
    const run = (): void => {
      if (this.isRepeated) this.happening = this.set();
      this.call();
    };
    return surroundings.schedule.after(this.ms, run, { actor: this.actor });
  }

  close(): void {
    this.happening.isCancelled = true;
  }

  refresh(): this {
    this.close();
    this.happening = this.set();
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}

type Call = (...args: unknown[]) => void;

function timer(call: Call, ms = 1, ...args: unknown[]): VirtualTimer {
  return new VirtualTimer(Math.max(1, ms || 0), () => call(...args));
}

function interval(call: Call, ms = 1, ...args: unknown[]): VirtualTimer {
  return new VirtualTimer(Math.max(1, ms || 0), () => call(...args), true);
}

function immediate(call: Call, ...args: unknown[]): VirtualTimer {
  return new VirtualTimer(0, () => call(...args));
}

function fill<T extends ArrayBufferView>(view: T): T {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = surroundings.random() * 256;
  return view;
}

function uuid(): string {
  const hex = fill(Buffer.alloc(16)).toString('hex');
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5');
}

/** What is put in the place of what the platform has. */
const REPLACED: readonly (readonly [object, Record<string, unknown>])[] = [
  [
    globalThis,
    {
      Date: VirtualDate,
      setTimeout: timer,
      setInterval: interval,
      setImmediate: immediate,
    },
  ],
  [
    globalThis,
    Object.fromEntries(
      (['clearTimeout', 'clearInterval', 'clearImmediate'] as const).map((name) => {
        const real = globalThis[name] as (each: unknown) => void;
        return [name, (each: unknown) => (each instanceof VirtualTimer ? each.close() : real(each))];
      }),
    ),
  ],
  [performance, { now: () => surroundings.run * APART_MS + surroundings.schedule.now }],
  [Math, { random: () => surroundings.random() }],
  [globalThis.crypto, { getRandomValues: fill, randomUUID: uuid }],
  [crypto, { randomBytes: (size: number) => fill(Buffer.alloc(size)), randomUUID: uuid }],
  [
    timers,
    {
      setTimeout: (ms: number, value?: unknown) => new Promise((resolve) => timer(() => resolve(value), ms)),
      setImmediate: (value?: unknown) => new Promise((resolve) => immediate(() => resolve(value))),
    },
  ],
];

/**
 * Puts virtual time and dice that follow from a seed in the place of those of the platform, for all code of this process,
 * until what is returned is called. Nothing may wait for the platform's meanwhile.
 */
export function enterVirtualWorld(): () => void {
  const before = REPLACED.flatMap(([target, values]) =>
    Object.keys(values).map((name) => [target, name, Object.getOwnPropertyDescriptor(target, name)] as const),
  );
  for (const [target, values] of REPLACED) {
    for (const [name, value] of Object.entries(values)) {
      Object.defineProperty(target, name, { value, configurable: true, writable: true });
    }
  }
  syncBuiltinESMExports();
  return () => {
    for (const [target, name, descriptor] of before) {
      if (descriptor) Object.defineProperty(target, name, descriptor);
      else Reflect.deleteProperty(target, name);
    }
    syncBuiltinESMExports();
  };
}
