import { resolve } from 'node:path';
import { errorWords } from '../database/error-words.js';
import { ConfigError } from './config-error.js';
import type { Environment } from './variable-reader.js';

const FILE = '.env';

/**
 * The variables of this process: those that flags have given, then its environment, then a file `.env` of the working directory.
 * @param say is told of the file where there is one.
 * @throws ConfigError when that cannot be read.
 */
export function processEnvironment(given: Environment, say: (line: string) => void): Environment {
  try {
    // what is there already stays
    process.loadEnvFile(FILE);
    say(`settings of ${resolve(FILE)} are read; the environment and flags go before them`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new ConfigError([
        `${resolve(FILE)}: cannot be read (${errorWords(error)}); make it readable, or remove it`,
      ]);
    }
  }
  // its own packages read these where they are for all
  for (const [name, value] of Object.entries(given)) if (name.startsWith('OTEL_')) process.env[name] = value;
  return { ...process.env, ...given };
}
