import { createHash, createPrivateKey, createPublicKey, hkdfSync, sign, verify } from 'node:crypto';
import type { FloorRow } from '../rows.js';
import type { BaseDigest, LedgerBases } from '../bases.js';

/** Signs what stands at a floor. */
export interface LedgerKey {
  /** In base64. */
  readonly publicKey: string;
  sign(text: string): string;
}

// what stands before the bytes of a key of Ed25519, as PKCS #8 and SPKI have it
const PRIVATE = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_BYTES = 32;
const ROWS = 1_000;

/** The key that a secret stands for, always the same. */
export function ledgerKeyOf(secret: string | Buffer): LedgerKey {
  const seed = Buffer.from(hkdfSync('sha256', secret, '', 'atome-sync ledger', KEY_BYTES));
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES);
  return {
    publicKey: publicKey.toString('base64'),
    sign: (text) => sign(null, Buffer.from(text), key).toString('base64'),
  };
}

/** What is known of a floor before it is signed. */
export type FloorStatement = Omit<FloorRow, 'publicKey' | 'signature'>;

/** Signs it. */
export function signedFloor(tenant: string, epoch: string, floor: FloorStatement, key: LedgerKey): FloorRow {
  return { ...floor, publicKey: key.publicKey, signature: key.sign(textOf(tenant, epoch, floor)) };
}

/** What is wrong with the signature of a floor; undefined when nothing is. @param trusted public keys; left out: any */
export function signatureFault(
  tenant: string,
  epoch: string,
  floor: FloorRow,
  trusted?: readonly string[],
): string | undefined {
  const raw = Buffer.from(floor.publicKey, 'base64');
  if (raw.length !== KEY_BYTES || !isSignedBy(raw, textOf(tenant, epoch, floor), floor.signature))
    return 'the signature of its floor is not that of what stands there';
  if (!trusted || trusted.includes(floor.publicKey)) return undefined;
  return `its floor is signed by another key, ${floor.publicKey}: give the LEDGER_KEY that it was signed with, or say --key <public key> if you know that one`;
}

function isSignedBy(raw: Buffer, text: string, signature: string): boolean {
  const key = createPublicKey({ key: Buffer.concat([PUBLIC, raw]), format: 'der', type: 'spki' });
  return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'));
}

function textOf(tenant: string, epoch: string, floor: FloorStatement): string {
  const { seq, hash, timestamp, atomes, states, previous, archive, archiveDigest } = floor;
  const parts = [tenant, epoch, seq, hash, timestamp, atomes, states, previous, archive, archiveDigest];
  return JSON.stringify(['atome-sync floor', ...parts]);
}

/** What binds the states at a floor, and how many there are. */
export async function statesAt(
  bases: LedgerBases,
  upTo: number,
  keepOn: () => Promise<void> = () => Promise.resolve(),
): Promise<Pick<FloorRow, 'states' | 'atomes'>> {
  const hash = createHash('sha256');
  let atomes = 0;
  for (let after = 0; ;) {
    const rows = await bases.digests({ after, upTo, limit: ROWS });
    for (const row of rows) hash.update(`${digestText(row)}\n`);
    atomes += rows.length;
    const last = rows.at(-1);
    if (!last) return { states: hash.digest('hex'), atomes };
    after = last.seq;
    await keepOn();
  }
}

function digestText(row: BaseDigest): string {
  const { seq, atomeId, version, timestamp, hash, createdSeq, created, digest } = row;
  return JSON.stringify([seq, atomeId, version, timestamp, hash, createdSeq, created, digest]);
}
