import type { Principal } from '../protocol/index.js';

/** Who writes, and through which WebSocket client. */
export interface Caller {
  readonly principal: Principal;
  /** null for none; its plain connection gets no event of the write. */
  readonly clientId: string | null;
}
