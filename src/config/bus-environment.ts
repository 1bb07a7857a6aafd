import { existsSync } from 'node:fs';
import { BUS_EXPECTED, BUS_PATTERN } from '../bus/open-transport.js';
import type { AtomeOptions } from './module-options.js';
import type { VariableReader } from './variable-reader.js';

/** How servers on one database tell each other of their writes. */
export function readBus(read: VariableReader): Pick<AtomeOptions, 'bus' | 'busCredentials' | 'busCa'> {
  const bus = read.optional('BUS');
  const busCredentials = read.optional('BUS_CREDENTIALS');
  const busCa = read.optional('BUS_CA');
  // there may be a password in it
  if (bus !== undefined && !BUS_PATTERN.test(bus)) read.refuse(`BUS: expected ${BUS_EXPECTED}`);
  if (bus === 'postgres' && read.optional('DATABASE_URL')?.startsWith('postgres') !== true) {
    read.refuse('BUS=postgres: needs DATABASE_URL=postgres://…; a SQLite file is of one server');
  }
  const files = { BUS_CREDENTIALS: busCredentials, BUS_CA: busCa };
  for (const [name, path] of Object.entries(files)) {
    if (path !== undefined && !existsSync(path)) read.refuse(`${name}=${path}: there is no such file`);
  }
  return {
    ...(bus !== undefined && { bus }),
    ...(busCredentials !== undefined && { busCredentials }),
    ...(busCa !== undefined && { busCa }),
  };
}
