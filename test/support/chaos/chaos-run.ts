import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as elapse } from 'node:timers/promises';
import { indexedDbStore, memoryStore } from '../../../client/src/index.js';
import { sqliteStore } from '../../../client/src/sqlite.js';
import type { Store } from '../../../client/src/storage/store.js';
import { Api } from '../clients/api.js';
import { randomFrom } from '../models/random.js';
import { tokenOf } from '../server/tokens.js';
import { ChaosBooks } from './chaos-books.js';
import { ChaosChannel } from './chaos-channel.js';
import { ChaosFaults } from './chaos-faults.js';
import { ChaosLocks } from './chaos-locks.js';
import { ChaosNetwork } from '../../../src/cli/chaos-network.js';
import { ChaosSeat } from './chaos-seat.js';
import { ChaosServer } from './chaos-server.js';
import { audit } from './chaos-audit.js';
import { ACCOUNTS, ChaosWrites } from './chaos-writes.js';

/** What a run is. */
export interface ChaosOptions {
  /** What is done, and what goes wrong, follows from it; how it meets, from the time that everything takes. */
  readonly seed: number;
  readonly operations: number;
}

/** How a run has ended. */
export interface ChaosResult {
  /** What is wrong, a sentence each. */
  readonly wrong: readonly string[];
  readonly summary: string;
  /** What has happened, line by line. */
  readonly trace: readonly string[];
}

/** How long there is between two operations at most, in milliseconds. */
const PACE_MS = 16;

/**
 * Six clients of the SDK, three of them tabs of one browser, behind networks that fail in every way, write to one
 * server that is killed again and again. In the end all of it is well again, and is compared.
 */
export async function playChaos({ seed, operations }: ChaosOptions): Promise<ChaosResult> {
  const folder = mkdtempSync(join(tmpdir(), 'atome-chaos-'));
  const file = join(folder, 'server.sqlite');
  const began = Date.now();
  const trace: string[] = [];
  const note = (line: string): void => void trace.push(`${new Date().toISOString().slice(11)} ${line}`);
  const locks = new ChaosLocks();
  const leave = likePages(locks);
  const server = await ChaosServer.start(file);
  const seats = await seatsOf({ seed, folder, port: server.port, trace: note });
  const books = new ChaosBooks();
  const writes = new ChaosWrites(books, randomFrom(seed), note);
  const faults = new ChaosFaults(seats, server, locks, { random: randomFrom(seed + 1_000), trace: note });
  try {
    const api = new Api(await server.url()).as(tokenOf('writer', { sub: 'alice' }));
    for (const id of ACCOUNTS) await api.create({}, { id, kind: 'account' });
    const random = randomFrom(seed + 2_000);
    seats.forEach((seat) => seat.open());
    for (let n = 0; n < operations; n += 1) {
      await faults.strike(n);
      writes.write(seats[Math.floor(random() * seats.length)]!, n);
      await elapse(random() * PACE_MS);
    }
    await faults.heal();
    const { wrong, summary } = await audit({ seats, books, server, file, trace: note });
    return { wrong, trace, summary: `${summary}; ${faults.summary()}; ${Date.now() - began} ms` };
  } finally {
    await Promise.all(seats.map((seat) => seat.close()));
    await Promise.all(seats.map(({ network }) => network.close()));
    await server.close();
    leave();
    rmSync(folder, { recursive: true });
  }
}

interface SeatsParts {
  readonly seed: number;
  readonly folder: string;
  readonly port: number;
  readonly trace: (line: string) => void;
}

async function seatsOf({ seed, folder, port, trace }: SeatsParts): Promise<ChaosSeat[]> {
  const memory = memoryStore();
  const tab = (): Store => indexedDbStore({ name: `chaos${seed}`, persist: false });
  const homes: Record<string, () => Store> = {
    memory: () => memory,
    sqlite1: () => sqliteStore({ path: join(folder, 'one.db') }),
    sqlite2: () => sqliteStore({ path: join(folder, 'two.db') }),
    tab1: tab,
    tab2: tab,
    tab3: tab,
  };
  const networks = new Map<() => Store, ChaosNetwork>();
  const seats: ChaosSeat[] = [];
  for (const [i, [name, home]] of Object.entries(homes).entries()) {
    const random = randomFrom(seed * 100 + i);
    const network = await ChaosNetwork.to({ host: '127.0.0.1', port, isSecure: false }, random);
    const { url } = networks.get(home) ?? network;
    networks.set(home, networks.get(home) ?? network);
    seats.push(new ChaosSeat({ name, home, random, trace, network, url }));
  }
  return seats;
}

/** Puts what tabs have between them where a page has it, until what is returned is called. */
function likePages(locks: ChaosLocks): () => void {
  // where the platform takes the errors of callbacks, they are not written to the console
  const parts = { navigator: { locks }, BroadcastChannel: ChaosChannel, reportError: () => undefined };
  const before = Object.keys(parts).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  for (const [name, value] of Object.entries(parts)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else delete (globalThis as Record<string, unknown>)[name];
    }
  };
}
