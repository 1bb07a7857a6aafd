import { equalJson } from '../protocol/index.js';
import { chainHash, genesisHash, payloadDigest } from './chain.js';
import { foldLineage } from './lineage.js';
import { atomeOf, withoutClocks, type AlterationRow, type AtomeRow } from './rows.js';
import type { LedgerStore } from './store.js';

/** The first thing wrong with a ledger. */
export interface Fault {
  /** Place in the ledger; undefined when the fault is in the current state of an atome. */
  readonly seq?: number;
  readonly atomeId?: string;
  readonly reason: string;
}

export interface Verdict {
  readonly tenant: string;
  readonly alterations: number;
  readonly atomes: number;
  readonly fault: Fault | undefined;
}

const ROWS = 500;
const CHARS = 4 * 1024 * 1024;

/** Walks a tenant's chain from its first row to its head, then compares each atome with what its history folds to. */
export async function verifyLedger(
  store: LedgerStore,
  tenant: string,
  progress: (seq: number, head: number) => void = () => {},
): Promise<Verdict> {
  const head = (await store.head(tenant))!;
  let seq = 0;
  let created = 0;
  let hash = genesisHash(tenant, head.epoch);
  const verdict = (atomes: number, fault?: Fault): Verdict => ({ tenant, alterations: seq, atomes, fault });
  while (seq < head.seq) {
    const rows = await store.alterations(tenant, seq, head.seq, ROWS, CHARS);
    if (rows.length === 0) return verdict(0, { seq: seq + 1, reason: 'the row is missing' });
    for (const row of rows) {
      const reason = rowFault(row, seq + 1, hash);
      if (reason) return verdict(0, { seq: seq + 1, atomeId: row.atomeId, reason });
      seq = row.seq;
      if (row.version === 1) created += 1;
      hash = row.hash;
    }
    progress(seq, head.seq);
  }
  if (hash !== head.hash) return verdict(0, { seq, reason: 'the head has another hash than the last row' });
  return verifyStates(store, tenant, created, head.seq, verdict);
}

function rowFault(row: AlterationRow, seq: number, prevHash: string): string | undefined {
  if (row.seq !== seq) return `the row is missing; the next is ${row.seq}`;
  if (row.prevHash !== prevHash) return 'its prevHash is not the hash of the row before';
  if (payloadDigest(row) !== row.digest) return 'its changes, reason or snapshot are not those that were written';
  if (chainHash(prevHash, row, row.digest) !== row.hash) return 'its fields are not those that were written';
  return undefined;
}

async function verifyStates(
  store: LedgerStore,
  tenant: string,
  created: number,
  upTo: number,
  verdict: (atomes: number, fault?: Fault) => Verdict,
): Promise<Verdict> {
  let count = 0;
  for (let after = ''; ;) {
    const rows = await store.atomesAfter(tenant, after, undefined, ROWS);
    for (const row of rows) {
      if (row.createdSeq <= upTo) count += 1;
      if (row.seq > upTo) continue; // written since the walk began
      if (!(await isFolded(store, tenant, row))) {
        return verdict(count, { atomeId: row.id, reason: 'its current state is not what its history says' });
      }
    }
    if (rows.length < ROWS) break;
    after = rows.at(-1)!.id;
  }
  return count === created
    ? verdict(count)
    : verdict(count, { reason: `${created} atomes were created, and ${count} are there` });
}

async function isFolded(store: LedgerStore, tenant: string, row: AtomeRow): Promise<boolean> {
  const lineage = await store.lineage(tenant, [[row.id, row.version]]);
  const state = foldLineage(lineage);
  if (!state || lineage.at(-1)!.seq !== row.seq) return false;
  try {
    return equalJson(withoutClocks(state), atomeOf(row));
  } catch (error) {
    if (error instanceof SyntaxError) return false; // its columns are no longer JSON
    throw error;
  }
}
