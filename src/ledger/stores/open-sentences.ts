import { errorWords } from '../../database/error-words.js';
import { OpenError } from '../../database/open-error.js';
import { faultOf as faultOfPostgres } from './postgres/postgres.errors.js';
import { faultOf as faultOfSqlite } from './sqlite/sqlite.errors.js';

/** What to say of an error while the database is opened; the error itself when that is nobody's setting. */
export function openError(databaseUrl: string, error: unknown): unknown {
  if (error instanceof OpenError) return error;
  const sentence = /^postgres(?:ql)?:/.test(databaseUrl)
    ? postgresSentence(databaseUrl, error)
    : sqliteSentence(databaseUrl, error);
  return sentence === undefined ? error : new OpenError(sentence, error);
}

function sqliteSentence(databaseUrl: string, error: unknown): string | undefined {
  const fault = faultOfSqlite(error);
  if (!fault) return undefined;
  const path = databaseUrl.replace(/^sqlite:/, '');
  return `SQLite cannot use ${path}: ${fault.message} (${errorWords(error)}): ${fault.remedy}`;
}

function postgresSentence(databaseUrl: string, error: unknown): string | undefined {
  const fault = faultOfPostgres(error);
  if (!fault) return undefined;
  // never the URL itself: there is a password in it, also where it cannot be read
  const url = URL.canParse(databaseUrl) ? new URL(databaseUrl) : undefined;
  const where = url
    ? `PostgreSQL at ${url.hostname || 'localhost'}:${url.port || '5432'}, database ${url.pathname.slice(1) || '(none)'}`
    : 'PostgreSQL';
  return `${where}: ${fault.message} (${errorWords(error)}): ${fault.remedy} (DATABASE_URL)`;
}
