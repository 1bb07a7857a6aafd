import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const SCRIPT = fileURLToPath(new URL('../../release.mjs', import.meta.url));
const IDENTITY = { SIGSTORE_ID_TOKEN: 'a token' };
const CHANGELOG =
  '# Changelog\n\n## [Unreleased]\n\n- Next.\n\n## [1.2.0] - 2026-11-30\n\n- This.\n\n## [1.1.0] - 2026-01-01\n\n- Old.\n';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A repository with both packages, and a command `npm` that writes down what it is asked. */
describe('a release', () => {
  let folder: string;
  let calls: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'atome-release-'));
    calls = join(folder, '.git', 'calls');
    await mkdir(join(folder, 'client'));
    await setVersions('1.2.0', '1.2.0');
    await writeFile(join(folder, 'CHANGELOG.md'), CHANGELOG);
    await git('init', '-q');
    await commit();
    await mkdir(join(folder, '.git', 'bin'));
    const npm = join(folder, '.git', 'bin', 'npm');
    await writeFile(npm, `#!/bin/sh\necho "$(basename "$PWD") $*" >> ${calls}\n`);
    await chmod(npm, 0o755);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function setVersions(server: string, client: string): Promise<void> {
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'server', version: server, files: ['dist'] }));
    await writeFile(join(folder, 'client', 'package.json'), JSON.stringify({ name: 'client', version: client }));
  }
  const git = (...args: string[]): Promise<Ended> => run('git', args);
  async function commit(): Promise<void> {
    await git('add', '-A');
    await git('-c', 'user.name=a', '-c', 'user.email=a@b.example', 'commit', '-qm', 'State');
  }
  function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const path = [join(folder, '.git', 'bin'), process.env.PATH].join(delimiter);
    return new Promise((resolve) => {
      execFile(command, args, { cwd: folder, env: { PATH: path, HOME: folder, ...env } }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      });
    });
  }
  const release = (args: readonly string[], env: NodeJS.ProcessEnv = IDENTITY): Promise<Ended> =>
    run(process.execPath, [SCRIPT, ...args], env);
  const called = (): Promise<string> => readFile(calls, 'utf8').catch(() => '');

  it('shows what it does, and does nothing of it', async () => {
    const { code, stdout } = await release(['--dry-run']);
    expect(code).toBe(0);
    for (const line of [
      'version 1.2.0, of package.json; tag v1.2.0',
      '## [1.2.0] - 2026-11-30\n\n- This.\n',
      'client 1.2.0: npm publish --provenance --access public (in client)',
      'server 1.2.0: npm publish --provenance --access public (in .)',
      'git tag v1.2.0',
      'Nothing stands in the way.',
    ]) {
      expect(stdout).toContain(line);
    }
    expect(stdout).not.toMatch(/Next|Old/);
    expect(await called()).toBe('');
    expect((await git('tag')).stdout).toBe('');
  });

  it('says what stands in the way before anybody tries, and shows what is not released yet', async () => {
    await setVersions('2.0.0', '1.2.0');
    const { code, stdout } = await release(['--dry-run'], {});
    expect(code).toBe(0);
    expect(stdout).toContain('## [Unreleased]\n\n- Next.');
    expect(stdout.split('\n').filter((line) => line.startsWith('- ')).length).toBe(5);
  });

  it('publishes both packages with their provenance, and tags the commit', async () => {
    expect(await release([])).toMatchObject({ code: 0, stdout: expect.stringContaining('git push origin v1.2.0') });
    expect((await called()).split('\n').map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'publish --provenance --access public',
      'publish --provenance --access public',
      '',
    ]);
    expect((await git('tag')).stdout).toBe('v1.2.0\n');
  });

  it.each<[string, RegExp, () => Promise<unknown>, NodeJS.ProcessEnv]>([
    ['the tree is not clean', /tree is not clean/, () => writeFile(join(folder, 'more'), ''), IDENTITY],
    [
      'a version is another',
      /client has the version 1\.1\.9/,
      () => setVersions('1.2.0', '1.1.9').then(commit),
      IDENTITY,
    ],
    [
      'the changelog has no section',
      /no section "## \[1\.3\.0\]/,
      () => setVersions('1.3.0', '1.3.0').then(commit),
      IDENTITY,
    ],
    ['the tag is there', /v1\.2\.0 is there already/, () => git('tag', 'v1.2.0'), IDENTITY],
    ['there is no identity', /no identity for the provenance/, () => Promise.resolve(), {}],
    ['half an identity is there', /no identity/, () => Promise.resolve(), { ACTIONS_ID_TOKEN_REQUEST_URL: 'x' }],
  ])('is refused where %s', async (_why, reason, prepare, env) => {
    await prepare();
    const { code, stderr } = await release([], env);
    expect([code, stderr]).toEqual([1, expect.stringMatching(reason)]);
    expect(await called()).toBe('');
  });
});
