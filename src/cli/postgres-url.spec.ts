import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { withoutPassword, withPassword } from './postgres-url.js';

describe('a command of PostgreSQL', () => {
  it.each([
    ['postgres://app:s3cret@db:5432/app?sslmode=require', 'postgres://app@db:5432/app?sslmode=require'],
    ['postgres://app:p%40ss%27@db/app', 'postgres://app@db/app'],
    ['postgres://app:a@b:c@db/app', 'postgres://app@db/app'],
    ['postgres://app@db/app', 'postgres://app@db/app'],
    ['postgres://db/app?user=a:b@c', 'postgres://db/app?user=a:b@c'],
    ['postgres://db/app?user=a&password=s&sslmode=require', 'postgres://db/app?user=a&sslmode=require'],
    ['postgres://app:s@db/app?p%61ssword=t', 'postgres://app@db/app'],
  ])('has no password in its arguments: %s', (url, shown) => {
    expect(withoutPassword(url)).toBe(shown);
  });

  it.each(["postgres://app:p%40ss'%20$(x)@db/app", "postgres://db/app?user=app&password=p%40ss'%20$(x)"])(
    'has it from the variable, as it is, and says so: %s',
    (url) => {
      const script = withPassword(url, `sh -c 'printf %s "$PGPASSWORD"'`);
      expect(script).toContain('# export DATABASE_URL first');
      const env = { PATH: process.env.PATH, DATABASE_URL: url };
      expect(execFileSync('sh', ['-c', script], { env, encoding: 'utf8' })).toBe("p@ss' $(x)");
    },
  );

  it('is as it is without one', () => {
    expect(withPassword('postgres://app@db/app', 'pg_dump')).toBe('pg_dump');
  });
});
