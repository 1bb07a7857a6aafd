import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { passwordFor, withoutPassword } from './postgres-url.js';

describe('a command of PostgreSQL', () => {
  it.each([
    ['postgres://app:s3cret@db:5432/app?sslmode=require', 'postgres://app@db:5432/app?sslmode=require'],
    ['postgres://app:p%40ss%27@db/app', 'postgres://app@db/app'],
    ['postgres://app:a@b:c@db/app', 'postgres://app@db/app'],
    ['postgres://app@db/app', 'postgres://app@db/app'],
    ['postgres://db/app?user=a:b@c', 'postgres://db/app?user=a:b@c'],
  ])('has no password in its arguments: %s', (url, shown) => {
    expect(withoutPassword(url)).toBe(shown);
  });

  it('has it from the variable, as it is', () => {
    const url = "postgres://app:p%40ss'%20$(x)@db/app";
    const script = `${passwordFor(url)}sh -c 'printf %s "$PGPASSWORD"'`;
    const env = { PATH: process.env.PATH, DATABASE_URL: url };
    expect(execFileSync('sh', ['-c', script], { env, encoding: 'utf8' })).toBe("p@ss' $(x)");
    expect(passwordFor('postgres://app@db/app')).toBe('');
  });
});
