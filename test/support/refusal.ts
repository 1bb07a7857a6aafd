import { AtomeError } from '../../src/protocol/index.js';

/** The paths of the bad fields that a call names when it refuses; the code in front. */
export function refusal(call: () => unknown): string[] {
  try {
    call();
  } catch (error) {
    if (!(error instanceof AtomeError)) throw error;
    const issues = (error.details?.errors ?? []) as { path: string }[];
    return [error.code, ...issues.map(({ path }) => path)];
  }
  return [];
}
