import { ID_PATTERN, invalid, type Principal } from '../protocol/index.js';

/** Who writes, and through which WebSocket client. */
export interface Caller {
  readonly principal: Principal;
  /** null for none; its plain connection gets no event of the write. */
  readonly clientId: string | null;
}

/** @throws AtomeError `invalid` for what cannot be the name of a connection. */
export function callerOf(principal: Principal, clientId: string | null): Caller {
  if (clientId === null || ID_PATTERN.test(clientId)) return { principal, clientId };
  throw invalid([{ path: 'X-Client-Id', message: 'must be 1–128 characters of A–Z a–z 0–9 _ . : -' }]);
}
