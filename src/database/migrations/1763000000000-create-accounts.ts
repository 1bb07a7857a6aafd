import type { MigrationInterface, QueryRunner } from 'typeorm';
import { prefixOf } from './names.js';

/** Tickets, accounts and their sessions. */
export class CreateAccounts1763000000000 implements MigrationInterface {
  readonly name = 'CreateAccounts1763000000000';

  async up(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    await runner.query(`CREATE TABLE "${p}tickets" (
      "hash" varchar(64) NOT NULL,
      "identity" text NOT NULL,
      "expires_at" bigint NOT NULL,
      CONSTRAINT "tickets_pk" PRIMARY KEY ("hash")
    )`);
    await runner.query(`CREATE INDEX "${p}tickets_by_expiry" ON "${p}tickets" ("expires_at")`);
    await runner.query(`CREATE TABLE "${p}accounts" (
      "id" varchar(36) NOT NULL,
      "identifier" varchar(320) NOT NULL,
      "password_hash" text NOT NULL,
      "created_at" bigint NOT NULL,
      CONSTRAINT "accounts_pk" PRIMARY KEY ("id")
    )`);
    await runner.query(`CREATE UNIQUE INDEX "${p}accounts_by_identifier" ON "${p}accounts" ("identifier")`);
    await runner.query(`CREATE TABLE "${p}account_sessions" (
      "id" varchar(36) NOT NULL,
      "account_id" varchar(36) NOT NULL,
      "family_hash" varchar(64) NOT NULL,
      "secret_hash" varchar(64) NOT NULL,
      "rotated_at" bigint NOT NULL,
      "expires_at" bigint NOT NULL,
      "revoked_at" bigint,
      CONSTRAINT "account_sessions_pk" PRIMARY KEY ("id")
    )`);
    await runner.query(
      `CREATE UNIQUE INDEX "${p}account_sessions_by_family" ON "${p}account_sessions" ("family_hash")`,
    );
    for (const [name, column] of [
      ['account', 'account_id'],
      ['revocation', 'revoked_at'],
      ['expiry', 'expires_at'],
    ] as const) {
      await runner.query(`CREATE INDEX "${p}account_sessions_by_${name}" ON "${p}account_sessions" ("${column}")`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    const p = prefixOf(runner);
    for (const table of ['account_sessions', 'accounts', 'tickets']) await runner.query(`DROP TABLE "${p}${table}"`);
  }
}
