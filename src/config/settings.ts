import { readConfig } from './environment.js';
import type { Setting } from './variable-reader.js';

/** An environment in which every variable is read. */
const ALL = { AUTH: 'jwt', AUTH_JWT_SECRET: 'read, and never used by anybody: long enough', ACCOUNTS: 'on' };

/** Every variable that the configuration reads, as it reads them: this is the one list of them. */
export function settings(): Setting[] {
  const found = new Map<string, Setting>();
  readConfig(ALL, (setting) => found.set(setting.name, setting));
  return [...found.values()];
}
