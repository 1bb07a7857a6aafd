import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { DATABASES } from '../support/databases/databases.js';
import { freePort } from '../support/server/free-port.js';
import { commonJsHost, otherHost } from './hosts.js';

/* What users install: both packages as they would be published, in empty projects. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

const NEST = ['common', 'core', 'platform-fastify', 'platform-ws', 'websockets'].map((name) => `@nestjs/${name}`);
/** What an application may have in their place, or beside them. */
const OTHERS = ['@nestjs/platform-express@12', '@nestjs/platform-socket.io@12'];
/** The two ends of what the server says it runs with. */
const HOSTS: Readonly<Record<string, readonly string[]>> = {
  oldest: [
    ...NEST.map((name) => `${name}@12.0.1`),
    'typeorm@1.0.0',
    'fastify@5.12.1',
    'reflect-metadata@0.2.0',
    'class-validator@0.14.0',
    'rxjs@7.8.0',
    'pg@8.16.0',
  ],
  newest: [...NEST.map((name) => `${name}@12`), 'typeorm@1', '@nestjs/swagger@12', 'pg@8', ...OTHERS],
};
/** A compiler's work of minutes: taken from here. */
const COMPILED = ['better-sqlite3', 'bindings', 'file-uri-to-path'];

let folder: string;
let server: Packed;
let client: Packed;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atome-packages-'));
  await publishable(join(folder, 'server'));
  [server, client] = await Promise.all([pack(join(folder, 'server')), pack(join(ROOT, 'client'))]);
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Copies what has been built, and does with it what is done before it is packed. */
async function publishable(copy: string): Promise<void> {
  for (const path of ['package.json', 'README.md', 'LICENSE', 'dist', 'client']) {
    const filter = (source: string): boolean => !source.includes('node_modules');
    await cp(join(ROOT, path), join(copy, path), { recursive: true, filter });
  }
  await run(process.execPath, [join(ROOT, 'shrink-package.mjs'), copy]);
}

async function pack(workspace: string): Promise<Packed> {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await run('npm', args, { cwd: workspace, maxBuffer: 1e8 });
  const [packed] = JSON.parse(stdout) as Packed[];
  return packed!;
}

describe('the package of the server', () => {
  it('is small, and holds what was built and nothing else', () => {
    // the console is in it, which everybody who installs it is shown first
    expect(server.size).toBeLessThanOrEqual(470_000);
    const paths = server.files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'dist/cli/atome-sync.js', 'LICENSE']),
    );
    expect(
      paths.filter(
        (path) => !/^(dist|client\/(async-docs|console|examples|dist))\/|^[A-Z]+(\.md)?$|^package\.json$/.test(path),
      ),
    ).toEqual([]);
    expect(paths.filter((path) => /spec|bundle|\.map$|\.tsbuildinfo$|^dist\/orm/.test(path))).toEqual([]);
  });

  it('has every type that its types name', async () => {
    const packed = new Set(server.files.map(({ path }) => path));
    const reached = new Set(['dist/index.d.ts']);
    for (const path of reached) {
      const text = await readFile(join(ROOT, path), 'utf8');
      for (const [, name = ''] of text.matchAll(/(?:from |import\()['"](\.[^'"]+)\.js['"]/g)) {
        reached.add(`${join(path, '..', name)}.d.ts`);
      }
    }
    expect(reached.size).toBeGreaterThan(50);
    expect([...reached].filter((path) => !packed.has(path))).toEqual([]);
  });

  it('has the version of the client', async () => {
    const versions = await Promise.all(
      ['package.json', 'client/package.json'].map(
        async (path) => (JSON.parse(await readFile(join(ROOT, path), 'utf8')) as { version: string }).version,
      ),
    );
    expect(new Set(versions).size).toBe(1);
  });
});

describe.each([
  ['server', () => server],
  ['client', () => client],
])('the types of the package of the %s', (_name, packed) => {
  it('are found by whatever resolves modules', async () => {
    const file = join(folder, packed().filename);
    // the packages are ES modules, which CommonJS requires where Node lets it
    const { stdout } = await run(bin('attw'), [file, '--profile', 'esm-only', '--format', 'json'], { maxBuffer: 1e8 });
    const { analysis } = JSON.parse(stdout) as { analysis: { problems: { kind: string; resolutionKind?: string }[] } };
    const kept = ({ kind, resolutionKind = '' }: { kind: string; resolutionKind?: string }): boolean =>
      kind !== 'CJSResolvesToESM' && !resolutionKind.startsWith('node10');
    expect(analysis.problems.filter(kept)).toEqual([]);
  });

  it('and its fields are as publint wants them', async () => {
    const { stdout } = await run(bin('publint'), ['run', join(folder, packed().filename), '--strict']);
    expect(stdout).toContain('All good!');
  });
});

describe.each(Object.entries(HOSTS))('in an empty project with the %s Nest', (_age, host) => {
  let project: string;
  beforeAll(async () => {
    project = await mkdtemp(join(folder, 'project-'));
    await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'host', private: true, type: 'module' }));
    const tarballs = [server, client].map(({ filename }) => join(folder, filename));
    const tools = ['@types/node@20', 'class-transformer'];
    await npm('install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs, ...host, ...tools);
    for (const name of COMPILED) {
      const target = join(project, 'node_modules', name);
      await rm(target, { recursive: true, force: true });
      await symlink(join(ROOT, 'node_modules', name), target);
    }
  }, 600_000);

  const npm = (...args: string[]) => run('npm', args, { cwd: project, maxBuffer: 1e8 });

  it('there is one of each peer', async () => {
    const { stdout } = await npm('ls', '--json', '--all', '@nestjs/core', 'typeorm');
    const versions = [...stdout.matchAll(/"(@nestjs\/core|typeorm)": \{\s*"version": "([^"]+)"/g)].map(([, ...each]) =>
      each.join('@'),
    );
    expect(new Set(versions).size).toBe(2);
  });

  it('the example of the README runs as it stands', async () => {
    const port = await freePort();
    await mkdir(join(project, 'src'), { recursive: true });
    await writeFile(
      join(project, 'src', 'main.ts'),
      `${(await exampleOfReadme()).replace('3000', String(port))}\nconsole.log('listening');`,
    );
    await compile();
    const app = new Program('dist/main.js');
    await app.listens();
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/atome-sync`);
    const events: { type: string; atome?: { data: object } }[] = [];
    socket.on('message', (text: Buffer) => {
      const event = JSON.parse(text.toString()) as (typeof events)[number];
      events.push(event);
      socket.emit(event.type);
    });
    await once(socket, 'welcome');
    const altered = once(socket, 'atome:altered');
    const created = await post(port, { id: 'a', kind: 'note', data: { title: 'Hello' } });
    expect(created.status).toBe(201);
    await altered;
    expect(events.at(-1)).toMatchObject({ atome: { data: { title: 'Hello', welcome: true } } });
    socket.close();
    await app.end();
  }, 300_000);

  it('the shop of the examples runs on each database, compiled as it stands', async () => {
    await cp(join(ROOT, 'examples', 'embedded'), join(project, 'src', 'shop'), { recursive: true });
    // the oldest class-validator has types that are not right
    await compile({ skipLibCheck: true });
    const main = join(project, 'dist', 'shop', 'main.js');
    const text = await readFile(main, 'utf8');
    for (const [, create] of DATABASES) {
      const [port, database] = [await freePort(), await create()];
      await writeFile(main, `${text.replace('3000', String(port))}\nconsole.log('listening');`);
      const app = new Program('dist/shop/main.js', { DATABASE_URL: database.url });
      await app.listens();
      const placed = await fetch(`http://127.0.0.1:${port}/v1/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': 'shop-secret' },
        body: JSON.stringify({ article: 'tea', count: 2 }),
      });
      expect({ status: placed.status, order: await placed.json() }).toMatchObject({
        status: 201,
        order: { kind: 'order', data: { state: 'placed', total: 8 } },
      });
      await app.end();
      await database.drop();
    }
  });

  it('a host of CommonJS requires it', async () => {
    const port = await freePort();
    await writeFile(join(project, 'host.cjs'), commonJsHost(port));
    const app = new Program('host.cjs');
    await app.listens();
    expect((await post(port, { kind: 'note', data: {} })).status).toBe(201);
    await app.end();
  });

  if (host.includes(OTHERS[0]!)) {
    it.each([
      ['Express', '', /AtomeModule runs on Fastify.*"express".*new FastifyAdapter\(\)/],
      ['Express without doors', 'new ExpressAdapter(), { rest: false, ws: false }', /AtomeModule runs on Fastify/],
      ['Socket.IO', `new FastifyAdapter(), {}, IoAdapter`, /library "ws".*AtomeWsAdapter.*ws: false/],
      ['no adapter beside Socket.IO', 'new FastifyAdapter()', /no adapter.*AtomeWsAdapter.*ws: false/],
    ])('%s is refused by a sentence', async (_what, platform, sentence) => {
      await writeFile(join(project, 'other.mjs'), otherHost(0, platform));
      const app = new Program('other.mjs');
      expect(await app.ended).toBe(1);
      expect(app.output).toMatch(sentence);
      expect(app.output).not.toMatch(/TypeError|uncaught/i);
    });

    it('Socket.IO stands beside the module without its WebSocket', async () => {
      const port = await freePort();
      await writeFile(join(project, 'other.mjs'), otherHost(port, 'new FastifyAdapter(), { ws: false }, IoAdapter'));
      const app = new Program('other.mjs');
      await app.listens();
      const polled = await fetch(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`);
      expect([polled.status, await polled.text()]).toEqual([200, expect.stringContaining('"sid"')]);
      expect((await post(port, { kind: 'note', data: {} })).status).toBe(201);
      await app.end();
    });
  }

  it('the client speaks with the server that its command runs', async () => {
    const port = await freePort();
    const app = new Program('node_modules/@atome-sync/server/dist/cli/atome-sync.js', {
      PORT: String(port),
      DATABASE_URL: 'sqlite::memory:',
    });
    await app.listens();
    await writeFile(
      join(project, 'client.mjs'),
      `import { createUnified } from '@atome-sync/client';
       const { UnifiedAtome } = createUnified({ url: 'ws://127.0.0.1:${port}/ws/atome-sync' });
       console.log(JSON.stringify(await UnifiedAtome.create({ kind: 'note', data: { a: 1 } })));`,
    );
    const { stdout } = await run(process.execPath, ['client.mjs'], { cwd: project });
    expect(JSON.parse(stdout)).toMatchObject({ success: true, version: 1 });
    expect(app.output.includes('npm install @nestjs/swagger')).toBe(!host.includes('@nestjs/swagger@12'));
    await app.end();
  });

  it.each<[string, readonly string[], Record<string, string>, string]>([
    ['pg', ['serve'], { DATABASE_URL: 'postgres://u:p@127.0.0.1:1/d' }, 'npm install pg'],
    ['prom-client', ['serve'], { METRICS_PORT: '9464', DATABASE_URL: 'sqlite::memory:' }, 'npm install prom-client'],
    [
      'json-schema-to-typescript',
      ['types', '--file', 'kinds.json'],
      {},
      'npm install --save-dev json-schema-to-typescript',
    ],
    // what the others run with
    ['better-sqlite3', ['serve'], { DATABASE_URL: 'sqlite:./x.sqlite' }, 'npm install better-sqlite3'],
  ])('%s is asked for by a sentence where it is missing', async (missing, args, environment, sentence) => {
    await rm(join(project, 'node_modules', missing), { recursive: true, force: true });
    await writeFile(join(project, 'kinds.json'), JSON.stringify({ note: { schema: { type: 'object' } } }));
    const program = 'node_modules/@atome-sync/server/dist/cli/atome-sync.js';
    const app = new Program(program, environment, args);
    expect(await app.ended).not.toBe(0);
    expect(app.output).toContain(sentence);
    expect(app.output).not.toContain('    at ');
  });

  async function compile({ skipLibCheck = false } = {}): Promise<void> {
    const options = {
      target: 'ES2023',
      module: 'NodeNext',
      strict: true,
      skipLibCheck,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      types: ['node'],
      rootDir: 'src',
      outDir: 'dist',
    };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['src'] }));
    await run(bin('tsc'), ['-p', project]).catch((error: unknown) => {
      throw new Error((error as { stdout: string }).stdout);
    });
  }

  class Program {
    output = '';
    readonly ended: Promise<number | null>;
    private readonly child: ChildProcess;

    constructor(file: string, environment: Record<string, string> = {}, args: readonly string[] = []) {
      const env = { PATH: process.env.PATH, ...environment };
      this.child = spawn(process.execPath, [file, ...args], { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'] });
      for (const stream of [this.child.stdout!, this.child.stderr!]) {
        stream.on('data', (text: Buffer) => (this.output += text.toString()));
      }
      this.ended = once(this.child, 'close').then(([code]) => code as number | null);
    }

    /** Resolves when it says that it is listening, and fails when it ends before. */
    async listens(): Promise<void> {
      const said = new Promise<void>((resolve) => {
        this.child.stdout!.on('data', () => {
          if (this.output.includes('listening')) resolve();
        });
      });
      const over = this.ended.then(() => {
        throw new Error(this.output);
      });
      await Promise.race([said, over]);
    }

    async end(): Promise<void> {
      this.child.kill('SIGTERM');
      await this.ended;
    }
  }
});

function post(port: number, body: object): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/atome/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function exampleOfReadme(): Promise<string> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const [, example] = /```ts\n(import [\s\S]*?@atome-sync\/server[\s\S]*?)```/.exec(readme) ?? [];
  if (!example) throw new Error('the README has no example of embedding');
  return example;
}

function bin(name: string): string {
  return join(ROOT, 'node_modules', '.bin', name);
}
