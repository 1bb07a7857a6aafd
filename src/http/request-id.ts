import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The header that names a request: of the caller, of a proxy, or else of the server. */
export const REQUEST_ID = 'x-request-id';

/** Long enough for what proxies and tracers make, and nothing at which a line of the log or a header could end. */
const FORM = /^[\w.:/+=@-]{1,128}$/;

/** What a request is called, in its answer, in its problem and in the log. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers[REQUEST_ID];
  return typeof given === 'string' && FORM.test(given) ? given : randomUUID();
}
