import type { Waiting } from '../auth/admission/fair-slots.js';
import { askerOf, type ReadSlots } from '../auth/admission/read-slots.js';
import { LedgerReader } from '../ledger/read/ledger-reader.js';
import type { LedgerStore, TenantLedger } from '../ledger/store.js';
import { turn } from '../ledger/turns.js';
import type { Principal } from '../protocol/index.js';
import { AdmittedLedger, type Admit } from './admitted-ledger.js';

/** The ledger as somebody reads it: each of their reads takes a slot, whichever way they came. */
export class LedgerReads {
  constructor(
    private readonly store: LedgerStore,
    private readonly slots: ReadSlots,
  ) {}

  /** The time that all servers go by, in milliseconds since 1970. */
  get now(): number {
    return this.store.clock.now();
  }

  /** The ledger of somebody's tenant. */
  ledgerOf(principal: Principal, waiting?: Waiting): TenantLedger {
    return new AdmittedLedger(this.store.ledger(principal.tenant), this.admission(principal, waiting));
  }

  /** As {@link ledgerOf}, with what can be read out of it. */
  readerOf(principal: Principal, waiting?: Waiting): LedgerReader {
    return new LedgerReader(this.ledgerOf(principal, waiting));
  }

  private admission(principal: Principal, waiting?: Waiting): Admit {
    const { light, heavy } = this.slots;
    const asker = askerOf(principal, waiting);
    return {
      light: (read) => light.use(asker, () => paced(read)),
      heavy: (read) => heavy.use(asker, () => paced(read)),
    };
  }
}

/** So many rows take a while to be made into objects, and more to be made into an answer. */
const MANY = 50;

/** A slot is kept until the answer's turn on the event loop has come: what one asks too much of is not read before that. */
async function paced<T>(read: () => Promise<T>): Promise<T> {
  const answer = await read();
  if (Array.isArray(answer) && answer.length > MANY) await turn();
  return answer;
}
