import { compileFunction } from 'node:vm';
import * as sdk from '../../../client/src/index.js';

/** Runs a program of the documentation with the SDK and what it takes from its surroundings; answers with the names it is asked for. */
export async function runProgram(
  code: string,
  given: Record<string, unknown>,
  names = '',
): Promise<Record<string, unknown>> {
  const scope = { ...sdk, ...given };
  const body = `return (async () => { ${code}\n return { ${names} }; })();`;
  const compiled = compileFunction(body, Object.keys(scope)) as (...values: unknown[]) => Promise<never>;
  return compiled(...Object.values(scope));
}
