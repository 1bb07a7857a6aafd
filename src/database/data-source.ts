import { resolve } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import type pg from 'pg';
import type { DataSource, DataSourceOptions } from 'typeorm';
import { OpenError } from './open-error.js';
import { DEFAULT_SCHEMA, MIGRATIONS_TABLE, PREFIX, SCHEMA_PATTERN } from './tables.js';
import { AccountEntity } from './entities/account.entity.js';
import { AccountSessionEntity } from './entities/account-session.entity.js';
import { AlterationEntity } from './entities/alteration.entity.js';
import { AtomeEntity } from './entities/atome.entity.js';
import { BaseEntity } from './entities/base.entity.js';
import { ConsumerEntity } from './entities/consumer.entity.js';
import { ConsumerCursorEntity } from './entities/consumer-cursor.entity.js';
import { DeadLetterEntity } from './entities/dead-letter.entity.js';
import { EdgeCursorEntity } from './entities/edge-cursor.entity.js';
import { EdgeRefusalEntity } from './entities/edge-refusal.entity.js';
import { FloorEntity } from './entities/floor.entity.js';
import { LedgerEntity } from './entities/ledger.entity.js';
import { PropagationEntity } from './entities/propagation.entity.js';
import { ReceiptEntity } from './entities/receipt.entity.js';
import { SecretEntity } from './entities/secret.entity.js';
import { TicketEntity } from './entities/ticket.entity.js';
import { WebhookEntity } from './entities/webhook.entity.js';
import { WebhookDeliveryEntity } from './entities/webhook-delivery.entity.js';
import { CreateLedger1760000000000 } from './migrations/1760000000000-create-ledger.js';
import { CountWhatIsStored1760200000000 } from './migrations/1760200000000-count-what-is-stored.js';
import { SettleClocks1761000000000 } from './migrations/1761000000000-settle-clocks.js';
import { AddAtomeSize1761000000001 } from './migrations/1761000000001-add-atome-size.js';
import { AddRights1761100000000 } from './migrations/1761100000000-add-rights.js';
import { CreateAccounts1763000000000 } from './migrations/1763000000000-create-accounts.js';
import { ReceiptsByAtome1764000000000 } from './migrations/1764000000000-receipts-by-atome.js';
import { RowLevelSecurity1764000000001 } from './migrations/1764000000001-row-level-security.js';
import { addLower } from './sqlite-lower.mjs';
import { makeSqliteFile } from './sqlite-path.js';
import { OpIdsByAuthor1765000000000 } from './migrations/1765000000000-op-ids-by-author.js';
import { DocumentsLast1766000000000 } from './migrations/1766000000000-documents-last.js';
import { DigestReceipts1767000000000 } from './migrations/1767000000000-digest-receipts.js';
import { Propagations1768000000000 } from './migrations/1768000000000-propagations.js';
import { CountAllTexts1769000000000 } from './migrations/1769000000000-count-all-texts.js';
import { CountKinds1770000000000 } from './migrations/1770000000000-count-kinds.js';
import { Consumers1771000000000 } from './migrations/1771000000000-consumers.js';
import { Webhooks1772000000000 } from './migrations/1772000000000-webhooks.js';
import { ForDumps1773000000000 } from './migrations/1773000000000-for-dumps.js';
import { Secrets1774000000000 } from './migrations/1774000000000-secrets.js';
import { Floors1777000000000 } from './migrations/1777000000000-floors.js';
import { Edges1780000000000 } from './migrations/1780000000000-edges.js';

const COMMON = {
  entities: [
    LedgerEntity,
    AlterationEntity,
    AtomeEntity,
    ReceiptEntity,
    PropagationEntity,
    TicketEntity,
    AccountEntity,
    AccountSessionEntity,
    ConsumerEntity,
    ConsumerCursorEntity,
    DeadLetterEntity,
    WebhookEntity,
    WebhookDeliveryEntity,
    SecretEntity,
    FloorEntity,
    BaseEntity,
    EdgeCursorEntity,
    EdgeRefusalEntity,
  ],
  migrations: [
    CreateLedger1760000000000,
    CountWhatIsStored1760200000000,
    SettleClocks1761000000000,
    AddAtomeSize1761000000001,
    AddRights1761100000000,
    CreateAccounts1763000000000,
    ReceiptsByAtome1764000000000,
    RowLevelSecurity1764000000001,
    OpIdsByAuthor1765000000000,
    DocumentsLast1766000000000,
    DigestReceipts1767000000000,
    Propagations1768000000000,
    CountAllTexts1769000000000,
    CountKinds1770000000000,
    Consumers1771000000000,
    Webhooks1772000000000,
    ForDumps1773000000000,
    Secrets1774000000000,
    Floors1777000000000,
    Edges1780000000000,
  ],
  migrationsTableName: MIGRATIONS_TABLE,
  synchronize: false,
} as const;

const APPLICATION = 'atome-sync';
// pipeline: statements that do not wait for each other go out together
const CONNECTION = { connectionTimeoutMillis: 5_000, pipeline: true };

/**
 * TypeORM's options for `sqlite:<path>`, `sqlite::memory:` or `postgres://…`. A SQLite file and its folder are
 * made when they are missing.
 * @param schema of PostgreSQL, for our tables.
 * @throws OpenError for any other: a typing error must not become the name of a file.
 */
export function dataSourceOptions(databaseUrl: string, schema = DEFAULT_SCHEMA): DataSourceOptions {
  if (!SCHEMA_PATTERN.test(schema))
    throw new OpenError(`DATABASE_SCHEMA=${schema} is no name for a schema: atome is one`);
  if (/^postgres(?:ql)?:\/\//.test(databaseUrl)) {
    return {
      ...COMMON,
      entities: [...COMMON.entities],
      migrations: [...COMMON.migrations],
      type: 'postgres',
      url: databaseUrl,
      schema,
      applicationName: APPLICATION,
      // one holds the lock under which the other migrates, which finds the tables by the path; all other statements name the schema
      extra: {
        max: 2,
        ...CONNECTION,
        onConnect: (client: pg.ClientBase) => client.query(`SET search_path TO "${schema}"`),
      },
    };
  }
  if (!databaseUrl.startsWith('sqlite:')) throw notUnderstood(databaseUrl);
  const path = fileOf(databaseUrl);
  if (path !== undefined) makeSqliteFile(path);
  return {
    ...COMMON,
    entities: [...COMMON.entities],
    migrations: [...COMMON.migrations],
    entityPrefix: PREFIX,
    type: 'better-sqlite3',
    database: path ?? ':memory:',
    prepareDatabase: prepareSqlite,
  };
}

/** What makes connections of our own to PostgreSQL. */
export interface PoolSource {
  /** Of the driver that TypeORM has loaded: there may be none. */
  readonly Pool: typeof pg.Pool;
  readonly options: pg.PoolConfig;
}

/** How to connect to the same PostgreSQL as TypeORM does. */
export function poolSource({ options, driver }: DataSource): PoolSource {
  const { url } = options as { readonly url: string };
  const { postgres } = driver as unknown as { postgres: typeof pg };
  return { Pool: postgres.Pool, options: { connectionString: url, application_name: APPLICATION, ...CONNECTION } };
}

/** Says of the URL only how it begins: there may be a password in it. */
function notUnderstood(databaseUrl: string): OpenError {
  const [scheme] = /^[^:/@]{0,20}:/.exec(databaseUrl) ?? ['no scheme'];
  const known = 'sqlite:<path>, sqlite::memory: or postgres://…';
  return new OpenError(
    `the URL of the database (DATABASE_URL) is not understood: expected ${known}, and it begins with ${JSON.stringify(scheme)}`,
  );
}

/** The file of a SQLite database; undefined for one in memory, and for PostgreSQL. */
export function fileOf(databaseUrl: string): string | undefined {
  if (!databaseUrl.startsWith('sqlite:')) return undefined;
  const path = databaseUrl.replace(/^sqlite:/, '');
  return path === ':memory:' ? undefined : resolve(path);
}

function prepareSqlite(db: BetterSqlite3.Database): void {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  // what is deleted is overwritten wherever that costs no write of its own
  db.pragma('secure_delete = FAST');
  addLower(db);
}
