import { isErased } from '../ledger/erasure.js';
import { alterationBodyOf } from '../ledger/row-mapper.js';
import type { LedgerStore } from '../ledger/store.js';
import type { LedgerWriter } from '../ledger/write/ledger-writer.js';
import type { AlterationBody } from '../protocol/index.js';
import type { Adopter } from './adopter.js';
import { NEVER, type EdgeStore } from './edge.store.js';
import type { Follower } from './follower.js';
import { markedSeq } from './marks.js';

interface OwnLedgerParts {
  readonly tenant: string;
  readonly store: Pick<LedgerStore, 'ledger'>;
  readonly writer: Pick<LedgerWriter, 'onCommit' | 'open'>;
  readonly rows: EdgeStore;
  readonly adopter: Adopter;
  readonly follower: Follower;
  /** There is something to send up. */
  readonly wake: () => void;
  /** Something was erased here since upstream has erased it. */
  readonly erased: () => void;
  readonly say: (cause: string, detail: string) => void;
}

/** What is read at once of the own ledger. */
const PAGE = { limit: 500, chars: 4 * 1024 * 1024 } as const;

/** What is written here, from where it was known to be decided upstream. */
export class OwnLedger {
  private stopListening: () => void = () => undefined;
  /** What refusals tell of atomes that were erased meanwhile is being taken out of them. */
  private blanked: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: OwnLedgerParts) {}

  /** Finds out what is on its way. @returns the epoch of the ledger. */
  async start(): Promise<string> {
    const { tenant, store, writer, rows, follower } = this.parts;
    await writer.open(tenant);
    const cursor = await rows.cursor();
    const meanwhile: AlterationBody[] = [];
    const hear = { take: (each: AlterationBody): unknown => meanwhile.push(each) };
    this.stopListening = writer.onCommit((of, committed) => {
      if (of === tenant) for (const { alteration } of committed) hear.take(alteration);
    });
    const refused = await rows.refusals(undefined, cursor?.safe ?? 0);
    const ledger = store.ledger(tenant);
    const { epoch } = await ledger.write.open();
    const from = cursor ? Math.min(cursor.safe, cursor.head) : 0;
    const floor = (await ledger.audit.floor())?.seq ?? 0;
    if (floor > from) {
      throw new Error(
        `UPSTREAM: writes of the tenant "${tenant}" that the server above has not decided are in archives; ` +
          'follow it with a new database, or with a copy that has the whole history',
      );
    }
    // holds the archiving up from the first start on
    if (!cursor) await rows.save(NEVER);
    await this.readFrom(from, cursor ?? { safe: 0, head: 0 }, new Set(refused.map(({ seq }) => seq)));
    follower.begin(
      cursor?.epoch === NEVER.epoch ? undefined : cursor,
      refused.map(({ atomeId }) => atomeId),
    );
    const { head } = follower;
    hear.take = (each) => this.heard(each);
    for (const each of meanwhile) if (each.seq > head) this.heard(each);
    return epoch;
  }

  async stop(): Promise<void> {
    this.stopListening();
    await this.blanked;
  }

  private async readFrom(
    from: number,
    known: { readonly safe: number; readonly head: number },
    refused: ReadonlySet<number>,
  ): Promise<void> {
    const { tenant, store, follower, adopter } = this.parts;
    const { alterations } = store.ledger(tenant);
    for (let after = from; ;) {
      const page = await alterations.page({ after, upTo: Number.MAX_SAFE_INTEGER, ...PAGE });
      if (page.length === 0) return;
      for (const row of page) {
        const isKnown = row.seq <= (markedSeq(row) === undefined ? known.safe : known.head);
        follower.head = after = row.seq;
        if (!isKnown && !isErased(row) && !refused.has(row.seq)) adopter.heard({ alteration: alterationBodyOf(row) });
      }
    }
  }

  private heard(alteration: AlterationBody): void {
    const { rows, follower, adopter, wake, erased, say } = this.parts;
    follower.head = alteration.seq;
    if (alteration.operation === 'redact') {
      const blanked = rows.blank(alteration.atomeId).catch((error: unknown) => {
        say('what was refused of an erased atome is still told', String(error));
      });
      this.blanked = Promise.all([this.blanked, blanked]);
    }
    if (adopter.heard({ alteration })) wake();
    else if (alteration.operation === 'redact') erased();
  }
}
