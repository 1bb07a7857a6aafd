import type { AtomeError } from '../../protocol/index.js';

/**
 * How long a refusal for want of room is kept back, in milliseconds: who sends again at once is slowed down by it, and to refuse
 * them takes less of what serves the others.
 */
export const HELD_MS = 500;
/** More are told at once: what is held takes memory. */
const MOST_HELD = 10_000;

/** Refusals that are told a little later. */
export class HeldRefusals {
  private readonly held = new Map<NodeJS.Timeout, () => void>();
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
      const timer = setTimeout(tell, HELD_MS);
      this.held.set(timer, tell);
    });
  }

  /** Tells all of them now, and at once what comes later. */
  end(): void {
    this.isEnded = true;
    for (const [timer, tell] of this.held) {
      clearTimeout(timer);
      tell();
    }
  }
}
