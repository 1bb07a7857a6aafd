import type { QueryRunner } from 'typeorm';
import { PREFIX } from '../tables.js';

/** What stands before the names of our tables and indexes: nothing on PostgreSQL, where the path leads to our schema. */
export function prefixOf(runner: QueryRunner): string {
  return runner.dataSource.options.type === 'postgres' ? '' : PREFIX;
}
