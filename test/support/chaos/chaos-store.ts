import type { Changes, Store, Tabs } from '../../../client/src/storage/store.js';
import { tabOf } from './chaos-channel.js';
import { Turnstile } from '../../../src/cli/turnstile.js';

/** A store between a client and what it keeps its data in, that can fail, be asleep with its whole tab, and be gone at once. */
export class ChaosStore {
  /** Nothing can be read or kept. */
  fails = false;
  /** The program ended, in the middle of whatever it did. */
  private isGone = false;
  private readonly turnstile = new Turnstile();
  readonly store: Store;

  constructor(private readonly below: Store) {
    this.store = {
      ...(below.durable === false && { durable: false }),
      open: (owner, claim) => this.pass(() => tabOf.run(this.turnstile, () => below.open(owner, claim))),
      atomes: () => this.pages(),
      ...(below.select && { select: (query) => this.pass(() => below.select!(query)) }),
      commit: (changes) => this.pass(() => below.commit(copy(changes))),
      // also where it is asleep or gone: what it holds has to be given up
      close: () => below.close(),
      ...(below.observe && { observe: (listener, failed) => below.observe!(this.hearing(listener), failed) }),
    };
    const tabs = (): Tabs | undefined => this.tabs();
    Object.defineProperty(this.store, 'tabs', { get: tabs, enumerable: true });
  }

  /** The whole tab does nothing until it is woken. */
  sleep(): void {
    this.turnstile.shut();
  }

  wake(): void {
    this.turnstile.open();
  }

  /** Nothing more is read or kept. */
  kill(): void {
    this.isGone = true;
    this.wake();
  }

  private async pass<T>(run: () => Promise<T>): Promise<T> {
    // as if it were not there, while nothing is wrong
    if (this.turnstile.isShut) await this.turnstile.passed();
    if (this.isGone) throw new Error('the program was killed');
    if (this.fails) throw new Error('no space is left');
    return run();
  }

  private async *pages(): ReturnType<Store['atomes']> {
    for await (const page of this.below.atomes()) {
      await this.pass(() => Promise.resolve());
      yield page;
    }
  }

  /** Calls a listener unless the tab is asleep: then when it wakes. */
  private hearing<T extends unknown[]>(listener: (...told: T) => void): (...told: T) => void {
    return (...told) =>
      this.turnstile.do(() => {
        if (!this.isGone) listener(...told);
      });
  }

  private tabs(): Tabs | undefined {
    const { tabs } = this.below;
    return (
      tabs && {
        lead: (granted, lost) => tabs.lead(this.hearing(granted), lost && this.hearing(lost)),
        tell: (message) => this.turnstile.do(() => tabs.tell(message)),
        hear: (listener) => tabs.hear(this.hearing(listener)),
      }
    );
  }
}

/** As it is now: what is asleep must not keep what is made of it meanwhile. */
function copy(changes: readonly Changes[]): readonly Changes[] {
  return structuredClone(changes);
}
