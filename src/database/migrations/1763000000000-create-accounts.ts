import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tickets, accounts and their sessions. */
export class CreateAccounts1763000000000 implements MigrationInterface {
  readonly name = 'CreateAccounts1763000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE "tickets" (
      "hash" varchar(64) NOT NULL,
      "identity" text NOT NULL,
      "expires_at" bigint NOT NULL,
      CONSTRAINT "tickets_pk" PRIMARY KEY ("hash")
    )`);
    await runner.query(`CREATE INDEX "tickets_by_expiry" ON "tickets" ("expires_at")`);
    await runner.query(`CREATE TABLE "accounts" (
      "id" varchar(36) NOT NULL,
      "identifier" varchar(320) NOT NULL,
      "password_hash" text NOT NULL,
      "created_at" bigint NOT NULL,
      CONSTRAINT "accounts_pk" PRIMARY KEY ("id")
    )`);
    await runner.query(`CREATE UNIQUE INDEX "accounts_by_identifier" ON "accounts" ("identifier")`);
    await runner.query(`CREATE TABLE "account_sessions" (
      "id" varchar(36) NOT NULL,
      "account_id" varchar(36) NOT NULL,
      "family_hash" varchar(64) NOT NULL,
      "secret_hash" varchar(64) NOT NULL,
      "rotated_at" bigint NOT NULL,
      "expires_at" bigint NOT NULL,
      "revoked_at" bigint,
      CONSTRAINT "account_sessions_pk" PRIMARY KEY ("id")
    )`);
    await runner.query(`CREATE UNIQUE INDEX "account_sessions_by_family" ON "account_sessions" ("family_hash")`);
    for (const [name, column] of [
      ['account', 'account_id'],
      ['revocation', 'revoked_at'],
      ['expiry', 'expires_at'],
    ] as const) {
      await runner.query(`CREATE INDEX "account_sessions_by_${name}" ON "account_sessions" ("${column}")`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['account_sessions', 'accounts', 'tickets']) await runner.query(`DROP TABLE "${table}"`);
  }
}
