import { readFile } from 'node:fs/promises';
import { describeKinds, type KindsDescription } from '../kinds/describe-kinds.js';
import { parseKinds } from '../kinds/kind-checks.js';
import { KindRegistry } from '../kinds/kind-registry.js';
import { typesOf } from '../kinds/kind-types.js';
import { command, Failure } from './command.js';
import { ask, refusal, SERVER_FLAGS, type RemoteCall } from './remote.js';

/** How long a server may take to answer, in milliseconds. */
const ANSWER_MS = 10_000;

export default command({
  name: 'types',
  about: `Prints the types of the kinds of a server, for TypeScript: atome-sync types > atome-kinds.d.ts
Needs the package json-schema-to-typescript.`,
  flags: {
    ...SERVER_FLAGS,
    file: { type: 'string', takes: '<path>', help: 'a file as KINDS_FILE has it, in place of a server' },
  },
  failure: 'the server or the file does not say what the kinds are',

  async run({ values: { url, token, file }, isJson }) {
    const kinds = file === undefined ? await ofServer({ url, token }) : await ofFile(file);
    if (isJson) process.stdout.write(`${JSON.stringify(kinds)}\n`);
    else process.stdout.write(await typesOf(kinds).catch(cannotMake));
    return 0;
  },
});

function cannotMake(error: Error): never {
  throw new Failure(error.message, { cause: error });
}

async function ofFile(path: string): Promise<KindsDescription> {
  try {
    return describeKinds(new KindRegistry(parseKinds(await readFile(path, 'utf8'))));
  } catch (error) {
    throw new Failure(`--file ${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function ofServer(server: RemoteCall): Promise<KindsDescription> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  const { answer, address } = await ask(server, '/schema', { headers: { accept: 'application/json' }, signal });
  const body = (await answer.json().catch(() => ({}))) as Partial<KindsDescription>;
  if (answer.ok && body.kinds) return body as KindsDescription;
  throw refusal(address, answer, body, 'nothing of kinds');
}
