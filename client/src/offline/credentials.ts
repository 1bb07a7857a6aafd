import { createTimer } from '../connection/timer.js';
import type { TokenSource } from '../core/options.js';

/** The token of a client, asked for anew when the server has refused the last one, and not for ever. */
export interface Credentials {
  /** False when asking again cannot give another one: it is one text, or a fresh one was refused too. */
  renewable(): boolean;
  /** @param renew the last one was refused. */
  token(renew: boolean): Promise<string | undefined>;
  /** The token, or an empty text where it cannot be had in so many milliseconds. */
  soon(ms: number): Promise<string | undefined>;
  /** The server has taken the last one. */
  accepted(): void;
}

/** Makes the credentials of one client. */
export function createCredentials(source: TokenSource | undefined): Credentials {
  let renewed = false;

  async function token(renew: boolean): Promise<string | undefined> {
    if (typeof source !== 'function') return source;
    const token = await source({ renew });
    // what it throws may be the network's fault: that is no refusal
    renewed = renew;
    return token ?? undefined;
  }

  return {
    renewable: () => typeof source === 'function' && !renewed,
    token,
    soon: (ms) =>
      new Promise((resolve) => {
        const timer = createTimer();
        timer.start(ms, () => resolve(''));
        void token(false)
          .catch(() => '')
          .then(resolve)
          .finally(timer.stop);
      }),
    accepted: () => void (renewed = false),
  };
}
