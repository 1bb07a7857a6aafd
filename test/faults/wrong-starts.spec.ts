import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { createOwnedDatabase } from '../support/databases/plain-role.js';
import { ServerProcess, type As } from '../support/server/process.js';

/** Whom no file of these tests belongs to. */
const STRANGER = 65_534;
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const IN_MEMORY = { DATABASE_URL: 'sqlite::memory:' };
/** A few at a time: most of a start is one processor's work. */
const AT_ONCE = 3;

/** Where things are that cannot be used. */
interface Places {
  readonly folder: string;
  /** A port of something that is neither ours nor PostgreSQL. */
  readonly usedPort: number;
  readonly postgres: string;
}

interface WrongStart {
  readonly name: string;
  readonly set: (places: Places) => Record<string, string>;
  /** What the sentence names: the place and the variable. */
  readonly says: readonly (string | RegExp)[];
  readonly code?: number;
  readonly as?: (places: Places) => As;
  /** Whether it is run as somebody whom the files do not belong to. */
  readonly isStranger?: boolean;
}

const sqlite =
  (path: string) =>
  ({ folder }: Places): Record<string, string> => ({ DATABASE_URL: `sqlite:${join(folder, path)}` });
const postgres =
  (change: (url: URL, places: Places) => unknown) =>
  (places: Places): Record<string, string> => {
    const url = new URL(places.postgres);
    change(url, places);
    return { DATABASE_URL: url.href };
  };
const file =
  (name: string, path: string, more: Record<string, string> = {}) =>
  ({ folder }: Places): Record<string, string> => ({ ...IN_MEMORY, [name]: join(folder, path), ...more });
const settings = (given: Record<string, string>) => (): Record<string, string> => ({ ...IN_MEMORY, ...given });

const WRONG_STARTS: readonly WrongStart[] = [
  { name: 'a folder in the place of the file', set: sqlite('dir'), says: ['/dir', 'DATABASE_URL'] },
  { name: 'a file in the place of the folder', set: sqlite('letter/a.sqlite'), says: ['/letter', 'DATABASE_URL'] },
  { name: 'a file that is no database', set: sqlite('letter'), says: ['/letter', 'NOTADB', 'DATABASE_URL'] },
  { name: 'a damaged database', set: sqlite('damaged.sqlite'), says: ['/damaged.sqlite', 'CORRUPT', 'DATABASE_URL'] },
  {
    name: 'a folder that no user can make',
    set: () => ({ DATABASE_URL: 'sqlite:/proc/none/a.sqlite' }),
    says: ['/proc/none', 'DATABASE_URL'],
  },
  {
    name: 'a file that is not there, with MIGRATE=off',
    set: (places) => ({ ...sqlite('absent.sqlite')(places), MIGRATE: 'off' }),
    says: ['/absent.sqlite', 'DATABASE_URL'],
  },
  {
    name: 'a file that may not be read',
    set: sqlite('unreadable.sqlite'),
    says: ['/unreadable.sqlite', 'EACCES', 'DATABASE_URL'],
    isStranger: true,
  },
  {
    name: 'a file that may only be read',
    set: sqlite('theirs/readable.sqlite'),
    says: ['/theirs/readable.sqlite', 'EACCES', 'DATABASE_URL'],
    isStranger: true,
  },
  {
    name: 'a folder that may only be read',
    set: sqlite('theirs/new.sqlite'),
    says: ['/theirs/new.sqlite', 'EACCES', 'DATABASE_URL'],
    isStranger: true,
  },
  {
    name: 'a file of one’s own in such a folder, where its log cannot be made',
    set: sqlite('theirs/own.sqlite'),
    says: ['/theirs/own.sqlite', 'READONLY', 'DATABASE_URL'],
    isStranger: true,
  },
  {
    name: 'a folder that may not be entered',
    set: sqlite('closed/a/b.sqlite'),
    says: ['/closed/a', 'EACCES', 'DATABASE_URL'],
    isStranger: true,
  },
  {
    name: 'a host that no name server knows',
    set: postgres((url) => (url.hostname = 'no-such-host.invalid')),
    says: ['no-such-host.invalid:', /ENOTFOUND|EAI_AGAIN/, 'DATABASE_URL'],
  },
  {
    name: 'a port that nobody listens to',
    set: postgres((url) => (url.port = '1')),
    says: ['127.0.0.1:1,', 'ECONNREFUSED', 'DATABASE_URL'],
  },
  {
    name: 'a port of something that is no PostgreSQL',
    set: postgres((url, { usedPort }) => (url.port = String(usedPort))),
    says: [/127\.0\.0\.1:\d+, /, 'cannot be reached', 'DATABASE_URL'],
  },
  {
    name: 'a wrong password',
    set: postgres((url) => (url.password = 'topsecret')),
    says: [/127\.0\.0\.1:\d+, /, '28P01', 'DATABASE_URL'],
  },
  {
    name: 'a database that is not there',
    set: postgres((url) => (url.pathname = '/nowhere')),
    says: ['database nowhere', '3D000', 'DATABASE_URL'],
  },
  {
    name: 'a role that may not make a schema',
    set: ({ postgres: url }) => ({ DATABASE_URL: url }),
    says: ['the role in DATABASE_URL', 'CREATE SCHEMA', 'DATABASE_SCHEMA'],
  },
  {
    name: 'a schema of somebody else',
    set: (places) => ({ DATABASE_URL: places.postgres, DATABASE_SCHEMA: 'theirs' }),
    says: [/127\.0\.0\.1:\d+, /, '42501', 'DATABASE_URL'],
  },
  {
    name: 'a certificate that is not there',
    set: postgres((url) => url.searchParams.set('sslrootcert', '/nowhere.pem')),
    says: ['/nowhere.pem', 'ENOENT', 'DATABASE_URL'],
  },
  {
    name: 'a port in use',
    set: ({ usedPort }) => ({ ...IN_MEMORY, PORT: String(usedPort) }),
    says: ['EADDRINUSE', 'PORT'],
  },
  {
    name: 'a port for metrics in use',
    set: ({ usedPort }) => ({ ...IN_MEMORY, METRICS_PORT: String(usedPort) }),
    says: ['EADDRINUSE', 'METRICS_PORT'],
  },
  {
    name: 'an address of another machine',
    set: settings({ HOST: '203.0.113.7', AUTH: 'off-insecure' }),
    says: ['203.0.113.7', 'HOST'],
  },
  {
    name: 'too few file descriptors',
    set: settings({}),
    says: ['EMFILE', 'ulimit -n'],
    as: () => ({ by: ['prlimit', '--nofile=20'] }),
  },
  {
    name: 'files of settings that cannot be used, each of them named',
    set: (places) => ({
      ...file('KINDS_FILE', 'dir')(places),
      ...file('POLICIES_FILE', 'letter')(places),
      ...file('AUTH_JWKS_FILE', 'absent.json', { AUTH: 'jwt' })(places),
      ...file('BUS_CREDENTIALS', 'absent.creds', { BUS: 'nats://127.0.0.1:1' })(places),
    }),
    says: [
      /KINDS_FILE: .*\/dir: EISDIR/,
      /POLICIES_FILE: .*\/letter: it is not JSON/,
      /AUTH_JWKS_FILE: .*ENOENT/,
      /BUS_CREDENTIALS=.*\/absent.creds/,
    ],
    code: 78,
  },
  {
    name: 'a schema that is none in KINDS_FILE',
    set: file('KINDS_FILE', 'kinds.json'),
    says: [/KINDS_FILE: .*\/kinds\.json: note\.schema/],
    code: 78,
  },
  {
    name: 'a file .env that is a folder',
    set: settings({}),
    says: [/dir\/\.env: cannot be read/],
    code: 78,
    as: ({ folder }) => ({ cwd: join(folder, 'dir') }),
  },
];

/** Whether the server can be run as a stranger: only a superuser may try. */
const CAN_BE_STRANGER =
  userInfo().uid === 0 && spawnSync(process.execPath, ['--check', MAIN], { uid: STRANGER, gid: STRANGER }).status === 0;
const TRIED = WRONG_STARTS.filter(({ isStranger }) => !isStranger || CAN_BE_STRANGER);

describe('a start with', () => {
  let places: Places;
  let other: Server;
  let database: Awaited<ReturnType<typeof createOwnedDatabase>>;
  const ends = new Map<string, ReturnType<typeof ServerProcess.fail>>();

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'atome-starts-'));
    await makeFiles(folder);
    other = createServer((socket) => void socket.on('error', () => undefined).end('220 who are you?\r\n'));
    await once(other.listen(0, '127.0.0.1'), 'listening');
    database = await createOwnedDatabase();
    const admin = new pg.Client({ connectionString: database.adminUrl });
    await admin.connect();
    await admin.query(
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO CURRENT_USER', current_database()); END $$; CREATE SCHEMA theirs`,
    );
    await admin.end();
    places = { folder, usedPort: (other.address() as AddressInfo).port, postgres: database.url };
    const before: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
    for (const { name, set, as, isStranger } of TRIED) {
      const user = isStranger ? { uid: STRANGER, gid: STRANGER } : {};
      const end = before.shift()!.then(() => ServerProcess.fail(set(places), { ...user, ...as?.(places) }));
      ends.set(name, end);
      before.push(end);
    }
  });
  afterAll(async () => {
    await Promise.allSettled(ends.values());
    other.close();
    await database.drop();
    rmSync(places.folder, { recursive: true });
  });

  it.each(TRIED)('$name ends with a sentence that names it', async ({ name, says, code: expected = 1 }) => {
    const { code, output } = await ends.get(name)!;
    const form =
      expected === 78 ? /^the configuration is not usable:\n(?: {2}\S[^\n]*\n)+$/ : /^atome-sync cannot run: [^\n]+\n$/;
    expect({ code, output }).toEqual({ code: expected, output: expect.stringMatching(form) });
    for (const each of says) expect(output).toMatch(each);
    // where it is in the program is nobody's business here, nor is a word twice
    expect(output).not.toMatch(/ {4}at |topsecret|\b(E[A-Z]{4,}): \1\b/);
  });
});

async function makeFiles(folder: string): Promise<void> {
  chmodSync(folder, 0o755);
  for (const name of ['dir', 'theirs', 'closed', 'dir/.env']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'letter'), 'to somebody\nand no database '.repeat(100));
  writeFileSync(join(folder, 'kinds.json'), '{"note":{"schema":{"type":"nonsense"}}}');
  writeFileSync(join(folder, 'unreadable.sqlite'), '', { mode: 0o000 });
  const sound = join(folder, 'theirs/readable.sqlite');
  await (await openStore(`sqlite:${sound}`)).close();
  cpSync(sound, join(folder, 'theirs/own.sqlite'));
  writeFileSync(join(folder, 'damaged.sqlite'), readFileSync(sound).fill(7, 100));
  chmodSync(sound, 0o444);
  if (CAN_BE_STRANGER) chownSync(join(folder, 'theirs/own.sqlite'), STRANGER, STRANGER);
  chmodSync(join(folder, 'closed'), 0o000);
}
