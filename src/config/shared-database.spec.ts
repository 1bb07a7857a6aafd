import { describe, expect, it } from '@jest/globals';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { checkedOptions } from './option-checks.js';
import { ResolvedOptions } from './module-options.js';

const postgres = { type: 'postgres', username: 'shop', password: 'p@ss/1', database: 'shop db' } as const;

describe('a DataSource of the application', () => {
  it.each<[DataSourceOptions, string]>([
    [{ type: 'better-sqlite3', database: './shop.sqlite' }, 'sqlite:./shop.sqlite'],
    [{ type: 'postgres', url: 'postgres://shop@db/shop' }, 'postgres://shop@db/shop'],
    [postgres, 'postgres://shop:p%40ss%2F1@localhost:5432/shop%20db'],
    [{ ...postgres, host: 'db', port: 6432 }, 'postgres://shop:p%40ss%2F1@db:6432/shop%20db'],
    [{ ...postgres, host: 'db-1.shop.example' }, 'postgres://shop:p%40ss%2F1@db-1.shop.example:5432/shop%20db'],
    [{ ...postgres, password: undefined, extra: { max: 5, ssl: null } }, 'postgres://shop@localhost:5432/shop%20db'],
    [{ type: 'postgres', url: 'postgres://shop@db/shop', username: undefined }, 'postgres://shop@db/shop'],
    [{ ...postgres, url: '' }, 'postgres://shop:p%40ss%2F1@localhost:5432/shop%20db'],
  ])('leads to the database: %j', (options, url) => {
    const dataSource = new DataSource(options);
    expect(new ResolvedOptions(checkedOptions({ dataSource })).databaseUrl).toBe(url);
    const databaseUrl = 'sqlite:./other.sqlite';
    expect(new ResolvedOptions(checkedOptions({ dataSource, databaseUrl })).databaseUrl).toBe(databaseUrl);
  });

  it.each<DataSourceOptions>([
    { type: 'better-sqlite3', database: ':memory:' },
    { ...postgres, ssl: true },
    { ...postgres, password: () => 'changes' },
    { ...postgres, extra: { ssl: { ca: 'theirs' } } },
    { ...postgres, extra: { max: 5, options: '-c search_path=shop' } },
    { ...postgres, extra: { host: 'other' } },
    { ...postgres, host: '::1' },
    { ...postgres, host: '/var/run/postgresql' },
    { ...postgres, host: 'user@db' },
    { ...postgres, port: NaN },
    { type: 'postgres', url: 'postgres://db/shop', extra: { ssl: true } },
    { type: 'postgres', url: 'postgres://db/shop', username: 'shop', password: 'p' },
    { type: 'postgres', url: 'postgres://db', database: 'shop' },
    { type: 'postgres', url: 'postgres://shop@db/shop', host: 'other' },
    { type: 'postgres', database: 'shop' },
    { type: 'postgres', replication: { master: { url: 'postgres://a/b' }, slaves: [] } },
  ])('that says more than an address does needs one beside it: %j', (options) => {
    const dataSource = new DataSource(options);
    expect(() => checkedOptions({ dataSource })).toThrow('databaseUrl: is needed beside a dataSource');
    expect(() => checkedOptions({ dataSource, databaseUrl: 'postgres://shop@db/shop' })).not.toThrow();
  });
});
