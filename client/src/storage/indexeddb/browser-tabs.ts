import type { JsonValue } from '../../../../src/protocol/index.js';
import { createTimer } from '../../core/timer.js';
import type { Tabs } from '../store.js';

/** What tabs have in common: `undefined` is the hint that there is something new in the store. */
type Message = JsonValue | undefined;

/** The tabs of a browser on one store. */
export interface BrowserTabs extends Tabs {
  /** Lets the others look for what is new. */
  hint(): void;
  /** Gives up leading, and hears nothing more. */
  close(): void;
}

/** Asked by those who wait, and said by the one who leads: also when it begins, since others have asked in vain by then. */
const [ASK, HERE] = ['who leads?', 'I do'];
/** How often the one who leads is asked, in milliseconds, and how many times in vain before it counts as asleep. */
const EVERY_MS = 3_000;
const PATIENCE = 3;

/**
 * Tabs by Web Locks and a BroadcastChannel of the browser. A tab that is asleep, or in a dialogue, keeps its lock and
 * does nothing: who waits asks whether it is there, and takes the lock when nothing is answered.
 * @param pull reads what the others have committed.
 * @returns undefined where the platform lacks what they need.
 */
export function createBrowserTabs(name: string, pull: () => Promise<void>): BrowserTabs | undefined {
  const { locks } = (globalThis.navigator as Partial<Navigator> | undefined) ?? {};
  if (!locks || !('BroadcastChannel' in globalThis)) return undefined;
  const channel = new BroadcastChannel(name);
  const listeners = new Set<(message: JsonValue) => void>();
  const timer = createTimer();
  let [closed, leads] = [false, false];
  let unanswered = 0;
  let giveUp = (): void => undefined;

  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data === undefined) void pull().catch(() => undefined);
    else if (data === HERE) unanswered = 0;
    else if (data !== ASK) listeners.forEach((listener) => listener(data));
    else if (leads) tell(HERE);
  };

  function tell(message?: Message): void {
    if (!closed) channel.postMessage(message);
  }

  function lead(granted: () => void, lost?: () => void, steal = false): () => void {
    const waiting = new AbortController();
    let [given, over] = [(): void => undefined, false];
    const held = new Promise<void>((resolve) => (given = resolve));
    const hold = async (): Promise<void> => {
      await pull();
      // the one before may have died between its commit and its hint
      tell();
      if (over) return;
      timer.stop();
      leads = true;
      tell(HERE);
      granted();
      return held;
    };
    function end(): void {
      over = true;
      leads = false;
      timer.stop();
      waiting.abort();
      given();
    }
    function ask(): void {
      if (unanswered >= PATIENCE) {
        end();
        return void lead(granted, lost, true);
      }
      unanswered += 1;
      tell(ASK);
      timer.start(EVERY_MS, ask);
    }

    giveUp = end;
    unanswered = 0;
    timer.start(EVERY_MS, ask);
    locks!.request(name, steal ? { steal } : { signal: waiting.signal }, hold).catch(() => {
      // given up before it was granted, or the store was closed or another one has taken it meanwhile; else it was taken away
      if (over || !leads) return void (over = true);
      end();
      lost?.();
    });
    return () => giveUp();
  }

  return {
    lead: (granted, lost) => lead(granted, lost),
    hint: tell,
    tell,
    hear(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      giveUp();
      closed = true;
      channel.close();
    },
  };
}
