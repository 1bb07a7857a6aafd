/** What is kept of an error, in characters. */
const ERROR_CHARS = 2_000;

/** What is kept of an error. */
export function wordsOf(error: unknown): string {
  let text: string;
  try {
    text = String(error);
  } catch {
    text = 'something that is no text';
  }
  // PostgreSQL has no text with this character
  return text.replaceAll('\0', ' ').slice(0, ERROR_CHARS);
}
