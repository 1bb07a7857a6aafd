import { hash, randomBytes } from 'node:crypto';
import type { AlterationRow } from '../rows.js';

/*
 * The hash chain: hash = SHA-256(prevHash ‖ header ‖ digest), digest = SHA-256(salt ‖ payload). The payload
 * (changes, reason, snapshot) can be erased and the chain still verifies; the salt, erased with it, keeps a
 * short payload from being guessed out of its digest.
 */

type Payload = Pick<AlterationRow, 'salt' | 'changes' | 'reason' | 'snapshot'>;
type Header = Omit<AlterationRow, 'salt' | 'changes' | 'reason' | 'snapshot' | 'digest' | 'prevHash' | 'hash'>;

/** The time of a ledger without alterations. */
export const GENESIS_TIME = new Date(0).toISOString();

/** The hash before the first alteration: it binds the chain to its ledger. */
export function genesisHash(tenant: string, epoch: string): string {
  return sha256(JSON.stringify(['atome-ledger', tenant, epoch]));
}

const SALT_CHARS = 32;
let salts = '';
let nextSalt = 0;

/** Random bytes are drawn for many salts at once, because each call into the system is slow. */
export function newSalt(): string {
  if (nextSalt === salts.length) {
    salts = randomBytes(64 * SALT_CHARS).toString('hex');
    nextSalt = 0;
  }
  return salts.slice(nextSalt, (nextSalt += SALT_CHARS));
}

export function payloadDigest({ salt, changes, reason, snapshot }: Payload): string {
  return sha256(JSON.stringify([salt, changes, reason, snapshot]));
}

export function chainHash(prevHash: string, row: Header, digest: string): string {
  const { seq, atomeId, version, operation, author, sourceClient, opId, hlc, timestamp, superseded, base, size } = row;
  const header = [seq, atomeId, version, operation, author, sourceClient, opId, hlc, timestamp, superseded, base, size];
  return sha256(prevHash + JSON.stringify(header) + digest);
}

/** In hex. */
export function sha256(text: string): string {
  // in one call, which makes no hash object for each
  return hash('sha256', text, 'hex');
}
