import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { describeKinds, type KindsDescription } from '../kinds/describe-kinds.js';
import { parseKinds } from '../kinds/kind-checks.js';
import { KindRegistry } from '../kinds/kind-registry.js';
import { typesOf } from '../kinds/kind-types.js';

const HELP = `Prints the types of the kinds of a server, for TypeScript.

Usage: atome-sync types [--url http://127.0.0.1:3001/api] [--token …] > atome-kinds.d.ts
       atome-sync types --file kinds.json > atome-kinds.d.ts

  --url    of the server's routes (default: http://127.0.0.1:3001/api)
  --token  a token of somebody who may read, where the server asks for one
  --file   a file as KINDS_FILE has it, in place of a server

Needs the package json-schema-to-typescript.
`;

const OPTIONS = {
  url: { type: 'string', default: 'http://127.0.0.1:3001/api' },
  token: { type: 'string' },
  file: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Exit code for a call that is not understood. */
const EX_USAGE = 2;
/** How long a server may take to answer, in milliseconds. */
const ANSWER_MS = 10_000;

class UsageError extends Error {}

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function ofFile(path: string): Promise<KindsDescription> {
  try {
    return describeKinds(new KindRegistry(parseKinds(await readFile(path, 'utf8'))));
  } catch (error) {
    throw new Error(`--file ${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function ofServer(url: string, token?: string): Promise<KindsDescription> {
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw new UsageError(`--url: expected an http address, not ${url}`);
  const address = `${url.replace(/\/$/, '')}/schema`;
  const signal = AbortSignal.timeout(ANSWER_MS);
  const headers = { accept: 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  let answer: Response;
  try {
    answer = await fetch(address, { headers, signal });
  } catch (error) {
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? cause.message : message;
    throw new Error(`${address} does not answer: ${why}; is the server running?`, { cause: error });
  }
  const body = (await answer.json().catch(() => ({}))) as Partial<KindsDescription> & { detail?: string };
  if (answer.ok && body.kinds) return body as KindsDescription;
  throw new Error(`${address} says ${answer.status}${body.detail ? `: ${body.detail}` : ', and nothing of kinds'}`);
}

async function main(): Promise<void> {
  const { url, token, file, help } = readArguments();
  const text = help ? HELP : await typesOf(file === undefined ? await ofServer(url, token) : await ofFile(file));
  process.stdout.write(text);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${HELP}`);
  process.exitCode = error instanceof UsageError ? EX_USAGE : 1;
});
