import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Kinds } from '../../src/index.js';
import { startApp, type TestApp } from '../support/server/app.js';
import { runProgram } from '../support/server/process.js';
import { tokenOf, WITH_TOKENS } from '../support/server/tokens.js';

const types = (...args: string[]) => runProgram('cli/atome-sync', ['types', ...args], {});

const KINDS: Kinds = {
  note: {
    schema: {
      $id: 'https://example.com/note',
      type: 'object',
      required: ['title'],
      properties: { title: { type: 'string' }, steps: { type: 'array', items: { $ref: '#/$defs/step' } } },
      $defs: { step: { enum: ['open', 'done'] } },
      additionalProperties: false,
    },
    upgrades: [(data) => data],
  },
  'a.b': {},
};

/** A program that uses the types, right and wrong. */
const PROGRAM = `import type { Kinds } from './atome-kinds.js';
export const kinds: Kinds = { note: { title: 'a', steps: ['open'], schemaVersion: 2 }, 'a.b': { any: 1 } };
// @ts-expect-error
export const steps: Kinds['note']['steps'] = ['shut'];
// @ts-expect-error
export const other: Kinds['other'] = {};
`;

const TSC = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
const CHECK = [
  '--ignoreConfig',
  '--strict',
  '--noEmit',
  '--skipLibCheck',
  '--module',
  'nodenext',
  '--target',
  'es2023',
];

describe('atome-sync types', () => {
  let server: TestApp;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'atome-types-'));
    server = await startApp(WITH_TOKENS, { kinds: KINDS });
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it('prints what a program is checked by', async () => {
    const token = tokenOf('reader');
    const { code, stdout, stderr } = await types('--url', `${server.url}/api/`, '--token', token);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    writeFileSync(join(folder, 'atome-kinds.d.ts'), stdout);
    writeFileSync(join(folder, 'use.ts'), PROGRAM);
    const checked = spawnSync(process.execPath, [TSC, ...CHECK, join(folder, 'use.ts')], { encoding: 'utf8' });
    expect({ said: checked.stdout, status: checked.status }).toEqual({ said: '', status: 0 });
  });

  it('takes a file in place of a server', async () => {
    const file = join(folder, 'kinds.json');
    writeFileSync(file, '{"note":{"schema":{"properties":{"n":{"type":"number"}}}}}');
    expect((await types('--file', file)).stdout).toMatch(/note: \{\s+n\?: number;/);
    writeFileSync(file, '{"note":{"tipe":1}}');
    expect(await types('--file', file)).toMatchObject({ code: 1, stderr: expect.stringContaining('note.tipe') });
  });

  it.each<[args: () => string[], code: number, said: string]>([
    [() => ['--help'], 0, ''],
    [() => ['--color'], 2, '--color'],
    [() => ['--url', 'nowhere'], 2, '--url'],
    [() => ['--url', `${server.url}/api`], 1, 'says 401'],
    [() => ['--url', server.url], 1, 'says 401'],
    [() => ['--url', `${server.url}/api/health`, '--token', tokenOf('reader')], 1, 'says 404'],
    [() => ['--url', 'http://127.0.0.1:1'], 1, 'is the server running?'],
  ])('says what it cannot do: %#', async (args, code, said) => {
    const { code: ended, stderr } = await types(...args());
    expect(ended).toBe(code);
    expect(stderr).toContain(said);
  });
});
