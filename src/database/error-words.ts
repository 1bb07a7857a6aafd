const MAX_WORDS = 200;

/** What an error says, in one short line, with its code. */
export function errorWords(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: string };
  const said = [code, message].filter((each) => typeof each === 'string' && each !== '').join(': ');
  return (said || String(error)).replace(/\s+/g, ' ').slice(0, MAX_WORDS);
}
