import type { TokenSource } from '../core/options.js';

/** The token of a client, asked for anew when the server has refused the last one, and not for ever. */
export interface Credentials {
  /** False when asking again cannot give another one: it is one text, or a fresh one was refused too. */
  renewable(): boolean;
  /** @param renew the last one was refused. */
  token(renew: boolean): Promise<string | undefined>;
  /** The server has taken the last one. */
  accepted(): void;
}

/** Makes the credentials of one client. */
export function createCredentials(source: TokenSource | undefined): Credentials {
  let renewed = false;
  return {
    renewable: () => typeof source === 'function' && !renewed,
    async token(renew) {
      if (typeof source !== 'function') return source;
      const token = await source({ renew });
      // what it throws may be the network's fault: that is no refusal
      renewed = renew;
      return token ?? undefined;
    },
    accepted: () => void (renewed = false),
  };
}
