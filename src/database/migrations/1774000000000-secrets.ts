import type { MigrationInterface, QueryRunner } from 'typeorm';
import { prefixOf } from './names.js';

/** Secrets that the servers of one database share. They are made when they are first needed. */
export class Secrets1774000000000 implements MigrationInterface {
  readonly name = 'Secrets1774000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE "${prefixOf(runner)}secrets" (
      "name" varchar(16) NOT NULL,
      "secret" text NOT NULL,
      CONSTRAINT "secrets_pk" PRIMARY KEY ("name")
    )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE "${prefixOf(runner)}secrets"`);
  }
}
