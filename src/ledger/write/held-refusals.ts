import type { AtomeError } from '../../protocol/index.js';

/**
 * How long a refusal for want of room is kept back, in milliseconds: who sends again at once is slowed down by it, and to refuse
 * them takes less of what serves the others.
 */
export const HELD_MS = 500;
/** More are told at once: what is held takes memory. */
const MOST_HELD = 10_000;
/** So many are told in a turn of the event loop: those who are told together send again together, and others would wait for all of them. */
export const TOLD_IN_TURN = 16;

/** Refusals that are told a little later. */
export class HeldRefusals {
  private readonly held = new Map<NodeJS.Timeout, () => void>();
  private readonly due: NodeJS.Timeout[] = [];
  private isTelling = false;
  private isEnded = false;

  /** Rejects with a refusal: at once, unless whoever is told would only add to what waits. */
  told(refusal: AtomeError): Promise<never> {
    const isToBeHeld = refusal.details?.retryAfter !== undefined && refusal.code === 'unavailable';
    if (!isToBeHeld || this.isEnded || this.held.size >= MOST_HELD) return Promise.reject(refusal);
    return new Promise((_resolve, reject) => {
      const tell = (): void => {
        this.held.delete(timer);
        reject(refusal);
      };
      const timer = setTimeout(() => {
        this.due.push(timer);
        if (!this.isTelling) this.tellSome();
      }, HELD_MS);
      this.held.set(timer, tell);
    });
  }

  private tellSome(): void {
    this.isTelling = this.due.length > 0;
    for (const timer of this.due.splice(0, TOLD_IN_TURN)) this.held.get(timer)?.();
    if (this.isTelling) setImmediate(() => this.tellSome());
  }

  /** Tells all of them now, and at once what comes later. */
  end(): void {
    this.isEnded = true;
    this.due.length = 0;
    for (const [timer, tell] of this.held) {
      clearTimeout(timer);
      tell();
    }
  }
}
