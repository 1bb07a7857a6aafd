const MAX_WORDS = 200;

/** What an error says, in one short line, with its code. */
export function errorWords(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: string };
  // errors of Node begin with their code
  const parts = message?.startsWith(`${String(code)}: `) ? [message] : [code, message];
  const said = parts.filter((each) => typeof each === 'string' && each !== '').join(': ');
  return (said || String(error)).replace(/\s+/g, ' ').slice(0, MAX_WORDS);
}
