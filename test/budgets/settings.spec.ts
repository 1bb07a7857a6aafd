import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ConfigError, readConfig } from '../../src/config/environment.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

interface Setting {
  readonly name: string;
  /** Empty where there is none. */
  readonly otherwise: string;
  /** The texts in code of what it takes. */
  readonly takes: readonly string[];
}

const table: Setting[] = [...read('docs/operations.md').matchAll(/^\| `([A-Z_]+)` \|([^|]*)\|([^|]*)\|/gm)].map(
  ([, name = '', otherwise = '', takes = '']) => ({
    name,
    otherwise: otherwise.trim().replaceAll('`', ''),
    takes: [...takes.matchAll(/`([^`]*)`/g)].map((match) => match[1]!),
  }),
);

/** An environment in which every variable is read. */
const ALL = { AUTH: 'jwt', AUTH_JWT_SECRET: 'a secret of at least thirty-two bytes', ACCOUNTS: 'on' };

/** The names of all variables that the code reads. */
function namesRead(): string[] {
  const names = new Set<string>();
  const environment = new Proxy<Record<string, string>>(ALL, {
    get: (target, name) => (names.add(String(name)), target[String(name)]),
  });
  readConfig(environment);
  return [...names].sort();
}

/** What the code says that it expects of a variable. */
function expectationOf(name: string): string {
  try {
    readConfig({ ...ALL, [name]: '\u0001' });
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems : [];
    return problems.find((problem) => problem.startsWith(`${name}=`)) ?? '';
  }
  return '';
}

describe('the settings of docs/operations.md', () => {
  it('are all that the code reads, and no other', () => {
    expect(table.map(({ name }) => name).sort()).toEqual(namesRead());
  });

  it('are those of .env.example, with the same defaults', () => {
    const example = [...read('.env.example').matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]);
    expect(Object.fromEntries(example)).toEqual(
      Object.fromEntries(table.map(({ name, otherwise }) => [name, otherwise])),
    );
  });

  it.each(table.filter(({ otherwise }) => otherwise !== ''))('have the default of the code: $name', (setting) => {
    // accounts need tokens, so without AUTH there are none
    const base: Record<string, string> = setting.name === 'AUTH' ? {} : { ...ALL };
    delete base[setting.name];
    expect(readConfig({ ...base, [setting.name]: setting.otherwise })).toEqual(readConfig(base));
  });

  it.each(table.filter(({ takes }) => takes.length > 0))('take what the code takes: $name', ({ name, takes }) => {
    const expected = expectationOf(name);
    const range = /a whole number from (\d+) to (\d+)$/.exec(expected);
    const choices = /one of (.*)$/.exec(expected);
    if (range) expect(takes).toEqual(range.slice(1));
    else if (choices) expect(takes).toEqual(choices[1]!.split(', '));
    else expect(['BUS', 'DATABASE_URL', 'AUTH_JWKS_URL', 'ALLOWED_ORIGINS']).toContain(name);
  });

  it.each(table.filter(({ takes }) => takes.length === 0))(
    'name no values where any text is taken: $name',
    (setting) => {
      expect(expectationOf(setting.name)).not.toMatch(/whole number|one of/);
    },
  );
});
