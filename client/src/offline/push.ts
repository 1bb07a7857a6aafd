import type { Ack, Nack } from '../../../src/protocol/index.js';
import { apiUrl } from '../core/api-url.js';
import { createTimer } from '../core/timer.js';
import type { ClientOptions } from './api.js';
import type { Credentials } from './credentials.js';

/** Hands many writes over in one request. @returns the answer to each; rejects where there are none, for whatever reason. */
export type Push = (writes: readonly object[]) => Promise<readonly (Ack | Nack)[]>;

/** @param clientId the name of our connection: what comes of these writes is its own. */
export function createPush(
  { url, answerMs = 10_000 }: ClientOptions,
  credentials: Credentials,
  clientId: () => string,
): Push {
  return async (operations) => {
    const bearer = await credentials.token(false);
    const deadline = new AbortController();
    const timer = createTimer();
    timer.start(answerMs, () => deadline.abort());
    try {
      const response = await fetch(`${apiUrl(url)}/sync/push`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-client-id': clientId(),
          ...(bearer && { authorization: `Bearer ${bearer}` }),
        },
        body: JSON.stringify({ operations }),
        signal: deadline.signal,
      });
      const { results } = (await response.json()) as { readonly results?: readonly (Ack | Nack)[] };
      if (results?.length !== operations.length) throw new Error(`a push was answered with ${response.status}`);
      return results;
    } finally {
      timer.stop();
    }
  };
}
