import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { load } from 'js-yaml';
import { readConfig } from '../../src/config/environment.js';
import { settings } from '../../src/config/settings.js';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const read = (path: string): string => readFileSync(at(path), 'utf8');
const known = new Set(settings().map(({ name }) => name));
const defaultOf = (name: string): string => settings().find((each) => each.name === name)!.otherwise;
/** Those that Node reads. */
const OF_NODE = ['NODE_ENV', 'NODE_OPTIONS'];
const unknown = (names: Iterable<string>): string[] =>
  [...names].filter((each) => !known.has(each) && !OF_NODE.includes(each));

describe('the Dockerfile', () => {
  const lines = read('Dockerfile').replaceAll('\\\n', ' ').split('\n');
  const all = (instruction: string): string[] =>
    lines.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.slice(instruction.length + 1));

  it('sets what the server reads, and offers its port', () => {
    const variables = all('ENV').flatMap((each) => each.split(' ').map((pair) => pair.split('=') as [string, string]));
    expect(unknown(variables.map(([name]) => name))).toEqual([]);
    expect(Object.fromEntries(variables).PORT).toBe(defaultOf('PORT'));
    expect(all('EXPOSE')).toEqual([defaultOf('PORT')]);
  });

  it('copies what is there, and what the image for the build is given', () => {
    const ignored = read('.dockerignore').split('\n');
    const given = all('COPY')
      .filter((each) => !each.startsWith('--'))
      .flatMap((each) => each.split(' ').slice(0, -1));
    for (const path of given) {
      expect([path, existsSync(at(path))]).toEqual([path, true]);
      expect(ignored).toContain(`!${path.split('/')[0]}`);
    }
  });

  it('ends as another user, behind a first process that passes signals on', () => {
    expect(all('USER')).toEqual(['1000:1000']);
    expect(all('ENTRYPOINT').map((each) => JSON.parse(each) as unknown)).toEqual([
      ['tini', '--', 'node', '/app/dist/cli/atome-sync.js'],
    ]);
    const [, check] = /CMD (.*)$/.exec(all('HEALTHCHECK').join())!;
    expect(JSON.parse(check!)).toEqual(['node', '-e', expect.stringContaining('/health/live')]);
  });
});

describe('the composition', () => {
  interface Service {
    readonly environment?: Record<string, string>;
    readonly read_only?: boolean;
    readonly expose?: readonly string[];
  }
  const { services, configs } = load(read('deploy/compose.yaml')) as {
    services: Record<string, Service>;
    configs: Record<string, { content: string }>;
  };

  it('has two servers whose settings there are, on a file system that only reads', () => {
    const servers = ['server-1', 'server-2'].map((name) => services[name]!);
    for (const { environment = {}, read_only: isReadOnly, expose = [] } of servers) {
      expect(unknown(Object.keys(environment))).toEqual([]);
      expect([isReadOnly, expose]).toEqual([true, [defaultOf('PORT'), environment.METRICS_PORT]]);
    }
  });

  it('gives them a role whose password is not that of the superuser', () => {
    const { POSTGRES_PASSWORD: own, ROLE_PASSWORD: role } = services.postgres!.environment!;
    const nameIn = (text: string): string => /\$\{(\w+)/.exec(text)![1]!;
    const url = services['server-1']!.environment!.DATABASE_URL!;
    expect([nameIn(url), nameIn(own!)]).toEqual([nameIn(role!), 'POSTGRES_ADMIN_PASSWORD']);
    expect(configs.role!.content).toContain('--set=password="$$ROLE_PASSWORD"');
  });

  it('leads to them from the proxy, and asks the health that there is', () => {
    const { content } = configs.caddyfile!;
    const upstreams = [...content.matchAll(/(server-\d):(\d+)/g)].map(([, name, port]) => [name, port]);
    expect(upstreams).toEqual([
      ['server-1', defaultOf('PORT')],
      ['server-2', defaultOf('PORT')],
    ]);
    expect(content).toContain('/health/ready');
  });
});

describe('the chart', () => {
  const values = load(read('deploy/helm/values.yaml')) as Record<string, unknown> & {
    settings: Record<string, string>;
  };
  const templates = ['workload', 'network'].map((name) => read(`deploy/helm/templates/${name}.yaml`)).join('\n');

  it('uses values that there are, and all of them', () => {
    const used = new Set([...templates.matchAll(/\.Values((?:\.\w+)+)/g)].map(([, path]) => path!.slice(1)));
    const valueAt = (path: string): unknown =>
      path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], values);
    expect([...used].filter((path) => path !== 'settings.MIGRATE' && valueAt(path) === undefined)).toEqual([]);
    expect(Object.keys(values).filter((name) => ![...used].some((path) => path.split('.')[0] === name))).toEqual([]);
  });

  it('has the settings, the port and the version of the server', () => {
    const named = [...templates.matchAll(/name: ([A-Z_]{3,}),/g)].map(([, name]) => name!);
    expect(unknown([...Object.keys(values.settings), ...named])).toEqual([]);
    expect(String(values.port)).toBe(defaultOf('PORT'));
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(load(read('deploy/helm/Chart.yaml'))).toMatchObject({ version, appVersion: version });
  });

  it('starts as it is, and gives the job of the migrations what it gives the server', () => {
    const secret = { DATABASE_URL: 'postgres://atome@db/atome', AUTH_JWT_SECRET: 'x'.repeat(32) };
    const environment = { HOST: '0.0.0.0', METRICS_PORT: String(values.metricsPort), ...values.settings, ...secret };
    expect(readConfig(environment).atome).toMatchObject({ migrate: false });
    const containers = templates.split(/^ +image: /m).slice(1);
    expect(containers.map((each) => each.includes('range $name, $value := .Values.settings'))).toEqual([true, true]);
    expect(values.autoscaling).toMatchObject({ connections: null });
  });

  it('has probes that there are', () => {
    expect(new Set([...templates.matchAll(/path: (\/\w[^,\s]*)/g)].map(([, path]) => path))).toEqual(
      new Set(['/health/live', '/health/ready', '/metrics']),
    );
  });
});

describe('the unit of systemd', () => {
  const unit = read('deploy/atome-sync.service');

  it('sets what the server reads, and restarts it unless a setting cannot be used', () => {
    const [, pairs] = /^Environment=(.*)$/m.exec(unit)!;
    expect(unknown(pairs!.split(' ').map((pair) => pair.split('=')[0]!))).toEqual([]);
    expect(unit).toMatch(/^RestartPreventExitStatus=.*\b78$/m);
  });

  const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
  // where systemd is not installed, nobody says whether it would take the unit
  (hasSystemd ? it : it.skip)('is one that systemd takes', () => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', at('deploy/atome-sync.service')], {
      encoding: 'utf8',
    });
    expect({ status, said: stdout + stderr }).toMatchObject({ status: 0, said: '' });
  });
});
