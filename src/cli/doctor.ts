import { existsSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { getMetadataArgsStorage } from 'typeorm';
import type { DatabaseConfig } from '../config/database-environment.js';
import { ConfigError, type Config } from '../config/environment.js';
import type { UpstreamOptions } from '../config/upstream-options.js';
import { fileOf } from '../database/data-source.js';
import { errorWords } from '../database/error-words.js';
import { LedgerDataSource } from '../database/ledger-data-source.js';
import { OpenError } from '../database/open-error.js';
import { DEFAULT_SCHEMA, PREFIX } from '../database/tables.js';
import { inTime } from '../ledger/in-time.js';
import { StoreError } from '../ledger/store-error.js';
import { migrateDatabase } from '../ledger/stores/open-store.js';
import type { SqlStore } from '../ledger/stores/sql.store.js';
import { VERSION } from '../version.js';
import { command } from './command.js';
import type { Tell } from './finding.js';
import { report, withStore } from './database.js';
import { lookAtConsumers, lookAtHistory } from './doctor-history.js';

/** What a clock may differ by, in milliseconds: tokens and sessions of one server are too new for another then. */
const CLOCK_MS = 1_000;
/** How long a replica may take to answer, in milliseconds. */
const REPLICA_MS = 5_000;
/** Room that a disk should have, in bytes. */
const ROOM = 1024 ** 3;

type Row = Readonly<Record<string, unknown>>;

export default command({
  name: 'doctor',
  about:
    'Looks at the configuration, the database and the machine, and says of each in a sentence what to do. Changes nothing.',
  flags: {},
  settings: 'all',
  failure: 'something is wrong',

  async run({ config, database, print }) {
    let wrong = 0;
    const tell: Tell = (level, about, sentence) => {
      if (level === 'wrong') wrong += 1;
      print({ level, about, sentence }, `${level.padEnd(5)}  ${about}: ${sentence}`);
    };
    lookAtNode(tell);
    lookAtSettings(config, tell);
    const settings = read(database);
    if (settings) await lookAtDatabase(settings, tell);
    return wrong === 0 ? 0 : 1;
  },
});

function lookAtNode(tell: Tell): void {
  const isOld = Number(process.versions.node.split('.')[0]) < 22;
  const advice = ', which gets no mends any more: use a later one';
  tell(isOld ? 'note' : 'ok', 'versions', `atome-sync ${VERSION} on Node ${process.version}${isOld ? advice : ''}`);
}

function lookAtSettings(config: () => Config, tell: Tell): void {
  try {
    const settings = config();
    const { host, atome } = settings;
    const isOpen = atome.jwt === undefined && atome.allowedHosts === undefined;
    if (isOpen)
      tell('note', 'configuration', `everybody who can reach ${host} may read and write everything: AUTH=jwt`);
    if (atome.allowedOrigins?.includes('*'))
      tell('note', 'configuration', 'every web page may call: ALLOWED_ORIGINS=*');
    if (atome.upstream) lookAtUpstream(atome.upstream, tell);
    if (settings.logLevel === 'silent')
      tell('note', 'configuration', 'nothing is logged, faults neither: LOG_LEVEL=silent');
    tell('ok', 'configuration', 'it can be used');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) tell('wrong', 'configuration', problem);
  }
}

/** Whether it can be reached is found out when it runs: it is there for when it cannot. */
function lookAtUpstream({ url, token, tenant }: UpstreamOptions, tell: Tell): void {
  const who = token ? '' : ', as nobody: where that one asks who calls, set UPSTREAM_TOKEN';
  tell(token ? 'ok' : 'note', 'upstream', `the tenant ${tenant} follows ${url}${who}`);
}

/** Undefined where they cannot be used, which has been said. */
function read(database: () => DatabaseConfig): DatabaseConfig | undefined {
  try {
    return database();
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

async function lookAtDatabase(atome: DatabaseConfig, tell: Tell): Promise<void> {
  const path = fileOf(atome.databaseUrl);
  try {
    if (path !== undefined) await lookAtDisk(path, tell);
    if (path !== undefined && !existsSync(path)) {
      return tell('note', 'database', `there is no file ${path}: serve and migrate make it (DATABASE_URL)`);
    }
    const { pending } = await migrateDatabase(atome.databaseUrl, { schema: atome.databaseSchema, report }, true);
    if (pending.length > 0) {
      const what = `${pending.length} migrations have not run, ${pending[0]} first`;
      return tell(
        atome.migrate ? 'note' : 'wrong',
        'tables',
        `${what}: run atome-sync migrate, or start with MIGRATE=on`,
      );
    }
    tell('ok', 'tables', 'they are those of this version');
    await withStore(atome, async (store) => {
      await store.probe();
      tell('ok', 'database', 'it can be written to');
      if (store.kind === 'postgres') await lookAtPostgres(store, atome, tell);
      if (atome.postgres?.readUrl !== undefined) await lookAtReplica(atome.postgres.readUrl, tell);
      else await lookAtSqlite(store, tell);
      await lookAtLedgers(store, tell);
      await lookAtHistory(store, atome, tell);
      await lookAtConsumers(store, tell);
    });
  } catch (error) {
    if (!(error instanceof OpenError || error instanceof StoreError)) throw error;
    tell('wrong', 'database', error instanceof StoreError ? error.line : error.message);
  }
}

async function lookAtDisk(path: string, tell: Tell): Promise<void> {
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const wanted = Math.max(ROOM, existsSync(path) ? (await stat(path)).size : 0);
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`;
  const advice = `: make room, ${megabytes(wanted)} at least, so that it can grow, be scrubbed and be copied`;
  tell(
    free < wanted ? 'wrong' : 'ok',
    'disk',
    `${megabytes(free)} are free in ${folder}${free < wanted ? advice : ''}`,
  );
}

async function lookAtSqlite(store: SqlStore, tell: Tell): Promise<void> {
  // a store does not open otherwise
  tell('ok', 'durability', 'what is acknowledged survives a power loss: synchronous=FULL, journal_mode=wal');
  const faults = (await store.rows('SELECT quick_check AS fault FROM pragma_quick_check LIMIT 3')) as {
    fault: string;
  }[];
  const sound = faults.every(({ fault }) => fault === 'ok');
  const said = faults.map(({ fault }) => fault).join('; ');
  tell(
    sound ? 'ok' : 'wrong',
    'file',
    sound ? 'its pages are sound' : `${said}: put a sound copy back, see atome-sync restore`,
  );
  const there = (await store.rows(`SELECT name FROM sqlite_schema WHERE type = 'index'`)) as { name: string }[];
  lookForIndexes(new Set(there.map(({ name }) => name.slice(PREFIX.length))), tell);
}

/** Those that the tables were made with: without one, answers are right and slow. */
function lookForIndexes(there: ReadonlySet<string>, tell: Tell): void {
  const missing = getMetadataArgsStorage().indices.filter(({ name }) => name !== undefined && !there.has(name));
  const names = missing.map(({ name }) => name).join(', ');
  const advice = `missing, as somebody has dropped them: ${names}; make them again as the migrations do, or put a copy back`;
  tell(missing.length > 0 ? 'wrong' : 'ok', 'indexes', missing.length > 0 ? advice : 'all are there');
}

const SELECT_SERVER = `SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync,
  current_setting('full_page_writes') AS pages, current_setting('server_encoding') AS encoding,
  current_setting('max_connections') AS connections, pg_is_in_recovery() AS "isStandby",
  extract(epoch FROM clock_timestamp()) * 1000 AS now,
  (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS "isUnbound"`;
const UNBOUND = 'row-level security does not bind it: use one that is no superuser';
const SELECT_INDEXES = `SELECT c.relname AS name, i.indisvalid AS "isValid" FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = ?`;

async function lookAtPostgres(
  store: SqlStore,
  { databaseSchema = DEFAULT_SCHEMA, postgres }: DatabaseConfig,
  tell: Tell,
) {
  const before = Date.now();
  const [server = {}] = (await store.rows(SELECT_SERVER)) as Row[];
  const after = Date.now();
  tell('ok', 'versions', `PostgreSQL ${String(server.version)}`);
  const isDurable = server.fsync === 'on' && server.pages === 'on';
  const lost = `what is acknowledged can be lost: set fsync and full_page_writes to on in PostgreSQL (fsync=${String(server.fsync)}, full_page_writes=${String(server.pages)})`;
  tell(isDurable ? 'ok' : 'wrong', 'durability', isDurable ? 'what is acknowledged survives a power loss' : lost);
  if (server.encoding !== 'UTF8') {
    tell(
      'wrong',
      'encoding',
      `the database is in ${String(server.encoding)}, which has no room for every text: move it to one made with ENCODING 'UTF8'`,
    );
  }
  if (server.isUnbound) tell('note', 'role', `${UNBOUND} (DATABASE_URL)`);
  const { writes = 0, reads = 0, heavyReads = 0 } = postgres ?? {};
  const used = writes + reads + heavyReads + 3;
  const most = Number(server.connections);
  tell(
    used > most / 2 ? 'note' : 'ok',
    'connections',
    `a server uses ${used} of the ${most} that there are (POSTGRES_*_CONNECTIONS)`,
  );
  tellOfClock(
    Number(server.now) < before ? before - Number(server.now) : Math.max(0, Number(server.now) - after),
    tell,
  );
  const indexes = (await store.rows(SELECT_INDEXES, databaseSchema)) as { name: string; isValid: boolean }[];
  for (const { name } of indexes.filter(({ isValid }) => !isValid)) {
    tell('wrong', 'indexes', `${name} was left half made: REINDEX INDEX ${databaseSchema}.${name}`);
  }
  lookForIndexes(new Set(indexes.map(({ name }) => name)), tell);
}

/** What a server does without where it is not there. */
async function lookAtReplica(readUrl: string, tell: Tell): Promise<void> {
  const replica = new LedgerDataSource(readUrl);
  const look = async (): Promise<void> => {
    try {
      await replica.initialize();
      const [{ isStandby, isUnbound } = {}] = await replica.query<Row[]>(SELECT_SERVER);
      if (isUnbound) tell('note', 'role', `${UNBOUND} (DATABASE_READ_URL)`);
      const other = 'it follows no primary, and is read by nobody (DATABASE_READ_URL)';
      tell(isStandby ? 'ok' : 'wrong', 'replica', isStandby ? 'it follows a primary' : other);
    } finally {
      if (replica.isInitialized) await replica.destroy();
    }
  };
  const silent = (): void => tell('wrong', 'replica', 'it does not answer (DATABASE_READ_URL)');
  await inTime(look(), REPLICA_MS, silent).catch((error: unknown) =>
    tell('wrong', 'replica', `${errorWords(error)} (DATABASE_READ_URL)`),
  );
}

function tellOfClock(ms: number, tell: Tell): void {
  const isWrong = ms > CLOCK_MS;
  const advice = `it differs from that of the database by ${Math.round(ms)} ms: set both by NTP`;
  tell(isWrong ? 'wrong' : 'ok', 'clock', isWrong ? advice : 'it is that of the database');
}

async function lookAtLedgers(store: SqlStore, tell: Tell): Promise<void> {
  const [row] = (await store.rows(
    'SELECT count(*) AS ledgers, coalesce(sum(seq), 0) AS alterations, max(timestamp) AS newest FROM atome_ledgers',
  )) as { ledgers: unknown; alterations: unknown; newest: string | null }[];
  tell(
    'ok',
    'ledgers',
    `${Number(row!.ledgers)}, with ${Number(row!.alterations)} alterations; atome-sync verify walks them`,
  );
  const { newest } = row!;
  const ahead = newest === null ? 0 : Date.parse(newest) - Date.now();
  if (ahead > CLOCK_MS) {
    const seconds = Math.round(ahead / 1_000);
    tell(
      'wrong',
      'clock',
      `the newest alteration is ${seconds} s in the future: a server was ahead, or this one is behind; set all by NTP`,
    );
  }
}
