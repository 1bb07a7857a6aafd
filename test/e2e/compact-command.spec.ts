import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ledgerKeyOf } from '../../src/ledger/compaction/checkpoint.js';
import { parseBefore, lastBefore } from '../../src/ledger/compaction/before.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { DATABASES, type Database } from '../support/databases/databases.js';
import { create, openLedger, TENANT, update } from '../support/ledger/ledger.js';
import { runProgram } from '../support/server/process.js';

const OLD_KEY = 'the secret of the spec, which was the one before';
const NEW_KEY = 'the secret of the spec, which is the one of now';
const HEAD = 10;
const NOW = Date.parse('2026-03-01T00:00:00.000Z');
const DAY_MS = 86_400_000;

/* The real command. `npm run build` first. */
describe.each(DATABASES)('atome-sync compact on %s', (_name, make) => {
  let database: Database;
  let folder: string;
  let archives: string;
  beforeEach(async () => {
    database = await make();
    folder = mkdtempSync(join(tmpdir(), 'compact-'));
    archives = join(folder, 'archives');
    let day = -1;
    const ledger = await openLedger(await openStore(database.url), { now: () => NOW + day * DAY_MS });
    for (day = 0; day < HEAD; day += 1) {
      await ledger.write(day === 0 ? create('a', { n: 0, text: 'x'.repeat(1_000) }) : update('a', { n: day }));
    }
    await ledger.close();
  });
  afterEach(async () => {
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  async function cli(args: string, key = OLD_KEY): Promise<{ code: number | null; lines: unknown[]; stderr: string }> {
    const settings = { DATABASE_URL: database.url, ARCHIVE_FOLDER: archives, LEDGER_KEY: key };
    const { code, stdout, stderr } = await runProgram('cli/atome-sync', [...args.split(' '), '--json'], settings);
    const lines = stdout.split('\n').filter((line) => line !== '');
    return { code, lines: lines.map((line) => JSON.parse(line) as unknown), stderr };
  }

  it('takes what is before a seq, a time or a size, and says before what would go', async () => {
    const store = await openStore(database.url);
    const last = (before: string): Promise<number> =>
      lastBefore(store, TENANT, parseBefore(before, NOW + HEAD * DAY_MS)!, { floor: 0, upTo: HEAD });
    expect(await last('4')).toBe(3);
    expect(await last('2026-03-03')).toBe(2);
    expect(await last('2026-03-03T00:00:01Z')).toBe(3);
    expect(await last('4d')).toBe(6);
    expect(await last('999999999w')).toBe(0);
    expect(await last('2KB')).toBeGreaterThan(await last('3KB'));
    expect(await last('1B')).toBe(HEAD);
    expect(await last('1TB')).toBe(0);
    await store.close();

    const would = { tenant: TENANT, floor: 0, wouldArchive: 3 };
    expect(await cli('compact --before 4 --dry-run')).toEqual({ code: 0, lines: [would], stderr: '' });
    expect(readdirSync(folder)).toEqual([]);
    expect(await cli('compact --before 4')).toMatchObject({ code: 0, lines: [{ floor: 3, archived: 3 }] });
    expect(await cli('compact --before 2026-03-06')).toMatchObject({ code: 0, lines: [{ floor: 5, archived: 2 }] });
    expect(await cli('compact --before 1B')).toMatchObject({ code: 0, lines: [{ floor: 9, archived: 4 }] });
    expect(await cli('compact')).toMatchObject({
      code: 2,
      lines: [],
      stderr: expect.stringContaining('--before is missing'),
    });
    expect(await cli('compact --before soon')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('such as 90d'),
    });
  });

  it('leaves what verify walks from the first alteration on, with the keys that are known', async () => {
    for (const before of ['4', '8']) expect((await cli(`compact --before ${before}`)).code).toBe(0);
    const files = readdirSync(archives).map((name) => join(archives, name));
    const verify = (key: string, ...more: string[]): ReturnType<typeof cli> => cli(['verify', ...more].join(' '), key);
    const all = files.map((file) => `--archive ${file}`);
    expect(await verify(OLD_KEY, ...all)).toMatchObject({
      code: 0,
      lines: [
        { tenant: TENANT, alterations: HEAD, floor: 7 },
        { tenant: TENANT, archives: 2 },
      ],
    });
    const isBad = (fault: string) => ({
      code: 1,
      lines: [{ tenant: TENANT }, { fault: expect.stringContaining(fault) }],
    });
    const [first, second] = [
      files.find((file) => file.includes('.1-3.'))!,
      files.find((file) => file.includes('.4-7.'))!,
    ];
    expect(await verify(OLD_KEY, `--archive ${second}`)).toMatchObject(isBad('the archive of 1 to 3 is missing'));
    expect(await verify(OLD_KEY, `--archive ${first}`)).toMatchObject(isBad('the archive of 4 to 7 is missing'));
    // what an interrupted call may have left
    const rest = join(folder, 'rest.ndjson');
    writeFileSync(rest, readFileSync(first));
    expect(await verify(OLD_KEY, ...all, `--archive ${rest}`)).toMatchObject({ code: 0 });

    const { publicKey } = ledgerKeyOf(OLD_KEY);
    expect(await verify(NEW_KEY)).toMatchObject({
      code: 1,
      lines: [{ fault: { reason: expect.stringContaining(publicKey) } }],
    });
    expect(await verify(NEW_KEY, `--key ${publicKey}`)).toMatchObject({ code: 0 });
    expect(await cli('compact --before 9', NEW_KEY)).toMatchObject({
      code: 1,
      lines: [{ floor: 7, archived: 0, fault: expect.stringContaining(publicKey) }],
    });
    expect(await cli(`compact --before 9 --key ${publicKey}`, NEW_KEY)).toMatchObject({
      code: 0,
      lines: [{ floor: 8 }],
    });
    expect(await verify(NEW_KEY)).toMatchObject({ code: 0 });

    const text = readFileSync(second, 'utf8');
    for (const [altered, fault] of [
      [text.replace('"n\\":5', '"n\\":6'), 'are not those that were written'],
      [text.slice(0, -10), 'not as it was written'],
      [text.split('\n').slice(0, -2).join('\n'), 'cut short'],
    ] as const) {
      expect(altered).not.toBe(text);
      writeFileSync(second, altered);
      expect(await verify(NEW_KEY, `--archive ${second}`)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(fault),
      });
    }
  });

  it('says in a sentence that its folder is none', async () => {
    writeFileSync(archives, '');
    const { code, stderr } = await cli('compact --before 4');
    expect({ code, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 1, lines: 1 });
    expect(stderr).toContain('ARCHIVE_FOLDER=');
    expect(await cli('verify')).toMatchObject({ code: 0, lines: [{ alterations: HEAD }] });
  });
});
