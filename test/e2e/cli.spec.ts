import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { LedgerDataSource } from '../../src/database/ledger-data-source.js';
import { openStore } from '../../src/ledger/stores/open-store.js';
import { settings } from '../../src/config/settings.js';
import { helpOf, nearest, readCall, UsageError, type Usage } from '../../src/config/command-line.js';
import { createOwnedDatabase } from '../support/databases/plain-role.js';
import { create, openLedger } from '../support/ledger/ledger.js';
import { runProgram, ServerProcess } from '../support/server/process.js';

const cli = (args: string, environment: Record<string, string> = {}) =>
  runProgram('cli/atome-sync', args.split(' '), environment);

const PROGRAM = fileURLToPath(new URL('../../dist/cli/atome-sync.js', import.meta.url));

describe('the flags of serve', () => {
  const SERVE = { name: 'serve', about: '', flags: {}, settings: 'all', failure: '' } as const;

  it('are the variables that the configuration reads, each with what it takes', () => {
    const help = helpOf(SERVE);
    for (const { name, otherwise, expected } of settings()) {
      const line = help.split('\n').find((each) => each.startsWith(`  --${name.toLowerCase().replaceAll('_', '-')} `));
      expect(line ?? name).toContain(expected);
      expect(line ?? name).toContain(otherwise);
    }
    expect(readCall(SERVE, ['--port', '0', '--kinds-only=on']).settings).toEqual({ PORT: '0', KINDS_ONLY: 'on' });
  });

  it.each([
    ['--prot', 'did you mean --port?'],
    ['--databse-url', 'did you mean --database-url?'],
    ['--port', 'argument missing'],
    ['--color', 'serve has no flag --color'],
    ['now', 'takes no such argument'],
  ])('refuse %s', (arg, said) => {
    expect(() => readCall(SERVE, [arg])).toThrow(UsageError);
    expect(() => readCall(SERVE, [arg])).toThrow(said);
  });

  it('suggest what is near, and nothing otherwise', () => {
    expect(['verfiy', 'sever', 'frobnicate', ''].map((word) => nearest(word, ['serve', 'verify', 'migrate']))).toEqual([
      'verify',
      'serve',
      undefined,
      undefined,
    ]);
  });
});

describe('atome-sync', () => {
  let folder: string;
  let url: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'atome-cli-'));
    url = `sqlite:${join(folder, 'a.sqlite')}`;
    const ledger = await openLedger(await openStore(url));
    for (let n = 0; n < 20; n += 1) await ledger.write(create(`a${n}`, { n }));
    await ledger.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('names each command, and each explains itself with its exit codes', async () => {
    const { code, stdout } = await cli('--help');
    const commands = [...stdout.matchAll(/^ {2}([a-z-]+) {2}/gm)].map(([, name]) => name!);
    expect({ code, count: commands.length }).toEqual({ code: 0, count: 23 });
    for (const name of commands.filter((each) => each !== 'serve')) {
      const command = (await import(`../../src/cli/${name}.js`)) as { default: Usage };
      expect(command.default.name).toBe(name);
      expect(helpOf(command.default)).toMatch(new RegExp(`Usage: atome-sync ${name} [^]*Exit code 0: done; 1: `));
    }
    const { code: ended, stdout: help } = await cli('backup --help');
    expect({ ended, help }).toEqual({ ended: 0, help: expect.stringContaining('Usage: atome-sync backup <file>') });
    expect(await cli('verfiy')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('mean verify?') });
    expect(await cli('--prot 3')).toMatchObject({ code: 2, stderr: expect.stringContaining('--port') });
  });

  it.each(['verify', 'scrub', 'export x', 'backup x'])(
    '%s of a database that is not there is an error, and makes nothing',
    async (command) => {
      const nowhere = `sqlite:${join(folder, 'nowhere', 'b.sqlite')}`;
      const { code, stderr, stdout } = await cli(`${command} --database-url ${nowhere}`);
      expect({ code, stdout, lines: stderr.split('\n').length }).toEqual({ code: 1, stdout: '', lines: 2 });
      expect(stderr).toContain('b.sqlite');
      expect(existsSync(join(folder, 'nowhere'))).toBe(false);
    },
  );

  it('leaves a file alone that is not ours', async () => {
    const path = join(folder, 'other.sqlite');
    writeFileSync(path, '');
    expect(await cli(`scrub --database-url sqlite:${path}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no tables of the server'),
    });
    expect(readFileSync(path)).toHaveLength(0);
  });

  it('reads .env of the working directory, behind the environment and flags, and says so', async () => {
    const home = mkdtempSync(join(folder, 'home-'));
    writeFileSync(join(home, '.env'), `DATABASE_URL=${url}\nDATABASE_SCHEMA=Wrong-Name\n`);
    const run = async (...args: string[]): Promise<{ code: unknown; said: string }> => {
      const env = { PATH: process.env.PATH };
      const child = spawn(process.execPath, [PROGRAM, 'verify', '--json', ...args], { cwd: home, env });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
      const [code] = (await once(child, 'close')) as unknown[];
      return { code, said };
    };
    expect(await run()).toEqual({ code: 78, said: expect.stringContaining('DATABASE_SCHEMA=Wrong-Name') });
    const right = await run('--database-schema', 'atome');
    expect(right).toEqual({ code: 0, said: expect.stringContaining(`settings of ${join(home, '.env')} are read`) });
    expect(right.said).toContain('{"tenant":"default","alterations":20,"atomes":20}');
  });

  it('opens a database whatever the settings of the server are, which doctor names', async () => {
    const environment = { DATABASE_URL: url, HOST: '0.0.0.0' };
    for (const args of ['migrate', 'verify', `backup ${join(folder, 'bound.sqlite')}`]) {
      expect(await cli(args, environment)).toMatchObject({ code: 0, stderr: '' });
    }
    const { code, stdout } = await cli('doctor', environment);
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(/HOST=0\.0\.0\.0 .*\n[^]*ledgers: 1,/) });
  });

  it('copies a database that is written to, and puts the copy back once nobody uses it', async () => {
    const server = await ServerProcess.start({ DATABASE_URL: url });
    const copy = join(folder, 'copy.sqlite');
    const copying = { isOver: false };
    const writing = (async () => {
      for (let n = 0; !copying.isOver; n += 1) await server.api.create({ n }, { id: `while-${n}` });
    })();
    const made = await cli(`backup ${copy} --database-url ${url} --json`);
    copying.isOver = true;
    await writing;
    expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining('"tenant":"default"') });
    expect(readdirSync(folder).filter((name) => name.startsWith('copy'))).toEqual(['copy.sqlite']);
    expect(await cli(`backup ${copy} --database-url ${url}`)).toMatchObject({ code: 1 });
    expect(await cli(`restore ${copy} --replace --database-url ${url}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('stop the server first'),
    });
    await server.kill('SIGTERM');
    expect(await cli(`restore ${copy} --database-url ${url}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--replace'),
    });
    expect(await cli(`restore ${copy} --replace --database-url ${url}`)).toMatchObject({ code: 0 });
    expect(existsSync(`${join(folder, 'a.sqlite')}.before`)).toBe(true);
    expect(await cli(`restore ${copy} --replace --database-url ${url}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('.before is there already'),
    });
    const back = await cli(`verify --database-url ${url} --json`);
    const found = (text: string): string => /"alterations":\d+/.exec(text)![0];
    expect(found(back.stdout)).toBe(found(made.stdout));
  });

  it('leaves nothing of what it looks at behind where that cannot be verified', async () => {
    const old = `sqlite:${join(folder, 'damaged.sqlite')}`;
    const ledger = await openLedger(await openStore(old));
    await ledger.write(create('a'));
    await ledger.close();
    const tables = new LedgerDataSource(old);
    await tables.initialize();
    await tables.undoLastMigration();
    await tables.query('ALTER TABLE atome_alterations RENAME TO atome_gone');
    await tables.destroy();
    expect(await cli(`backup ${join(folder, 'of-damaged.sqlite')} --database-url ${old}`)).toMatchObject({ code: 1 });
    expect(readdirSync(folder).filter((name) => name.startsWith('of-damaged'))).toEqual(['of-damaged.sqlite.part']);
  });

  it('copies a database of an earlier version as it is, and puts it back for this one', async () => {
    const path = join(folder, 'earlier.sqlite');
    const old = `sqlite:${path}`;
    const ledger = await openLedger(await openStore(old));
    await ledger.write(create('a'));
    await ledger.close();
    const tables = new LedgerDataSource(old);
    await tables.initialize();
    await tables.undoLastMigration();
    await tables.destroy();
    const copy = join(folder, 'before-update.sqlite');
    expect(await cli(`backup ${copy} --database-url ${old} --json`)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"alterations":1'),
    });
    expect(readdirSync(folder).filter((name) => name.startsWith('before-update'))).toEqual(['before-update.sqlite']);
    for (const url of [old, `sqlite:${copy}`])
      expect((await cli(`verify --database-url ${url}`)).stderr).toContain('those of an earlier version');
    expect(await cli(`restore ${copy} --replace --database-url ${old}`)).toMatchObject({ code: 0 });
    expect(await cli(`verify --database-url ${old}`)).toMatchObject({ code: 0 });
  });

  it.each(['export', 'backup'])('%s writes over no file unasked, and never over the database', async (verb) => {
    const own = url.slice('sqlite:'.length);
    const other = join(folder, `${verb}.there`);
    writeFileSync(other, 'somebody needs this');
    expect(await cli(`${verb} ${other} --database-url ${url}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--replace'),
    });
    expect(readFileSync(other, 'utf8')).toBe('somebody needs this');
    expect(await cli(`${verb} ${own} --replace --database-url ${url}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is the database itself'),
    });
    expect(await cli(`verify --database-url ${url}`)).toMatchObject({ code: 0 });
    expect(await cli(`${verb} ${other} --replace --database-url ${url}`)).toMatchObject({ code: 0 });
  });

  it('follows a server over the network, from a cursor, through a restart', async () => {
    const server = await ServerProcess.start({ DATABASE_URL: url });
    const { port } = new URL(server.url);
    await server.api.create({ n: 1 }, { id: 'before' });
    const past = await cli(`tail --url ${server.url}/api --since 0 --ids before --end --json`);
    const [event] = past.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { seq: number; type: string });
    expect({ code: past.code, type: event?.type }).toEqual({ code: 0, type: 'atome:created' });
    const following = [PROGRAM, 'tail', '--url', `${server.url}/api`, '--since', String(event!.seq - 1)];
    const child = spawn(process.execPath, following, { cwd: folder });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toMatch(/atome:created {2}before$/);
    await server.kill('SIGTERM');
    const again = await ServerProcess.start({ DATABASE_URL: url, PORT: port });
    await again.api.create({ n: 2 }, { id: 'after' });
    expect((await lines.next()).value).toMatch(/atome:created {2}after$/);
    child.kill();
    await once(child, 'close');
    await again.kill('SIGTERM');
    const gone = await cli(`tail --url ${server.url}/api`);
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining('is the server running?') });
  });
});

describe('atome-sync on PostgreSQL, as a role that is no superuser', () => {
  it('migrates, says what is wrong, and prints how to dump all that there is', async () => {
    const database = await createOwnedDatabase();
    const environment = { DATABASE_URL: database.url };
    const empty = await cli('verify', environment);
    expect(empty).toMatchObject({ code: 1, stderr: expect.stringContaining('run atome-sync migrate') });
    const refused = await ServerProcess.fail({ ...environment, MIGRATE: 'off' });
    expect(refused).toEqual({
      code: 1,
      output: expect.stringMatching(/^atome-sync cannot run: .*run atome-sync migrate.*\n$/),
    });
    const dry = await cli('migrate --dry-run', environment);
    const ran = await cli('migrate', environment);
    expect(ran.stdout.replaceAll('ran: ', 'would run: ')).toBe(dry.stdout);
    expect(await cli('migrate', environment)).toMatchObject({ code: 0, stdout: 'the tables are up to date\n' });
    const ledger = await openLedger(await openStore(database.url));
    await ledger.write(create('a'));
    await ledger.close();
    const dump = await cli('backup all.dump', environment);
    expect(dump).toMatchObject({ code: 0, stdout: expect.stringContaining('pg_dump --enable-row-security') });
    expect(dump.stdout).not.toContain(new URL(database.url).password || 'no password');
    const options = /PGOPTIONS='([^']*)'/.exec(dump.stdout)![1]!;
    const counted = async (given: string): Promise<unknown> => {
      const client = new pg.Client({ connectionString: database.url, options: given });
      await client.connect();
      const { rows } = await client.query('SELECT count(*)::int AS n FROM atome.alterations');
      await client.end();
      return (rows as unknown[])[0];
    };
    expect(await counted('')).toEqual({ n: 0 });
    expect(await counted(options)).toEqual({ n: 1 });
    const well = await cli('doctor --json', environment);
    expect({ code: well.code, wrong: well.stdout.includes('"wrong"') }).toEqual({ code: 1, wrong: true });
    expect(well.stdout).toContain('fsync=off');
    await database.drop();
  });
});
