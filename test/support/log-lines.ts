import type { TestApp } from './server/app.js';

/** Takes over the log of a server, and returns what is warned of or fails from here on. */
export function logLines({ app }: TestApp): string[] {
  const lines: string[] = [];
  const note = (message: unknown): void => void lines.push(message instanceof Error ? message.stack! : String(message));
  app.useLogger({ log: () => undefined, warn: note, error: note, fatal: note });
  return lines;
}

/** A busy machine takes longer than the log's interval for what one spec does; no spec takes many. */
const FEW = 3;

/** How often a cause was told, in words that hold on a busy machine too. */
export function timesTold(lines: readonly string[], cause: RegExp): string {
  const { length } = lines.filter((line) => cause.test(line));
  return length >= 1 && length <= FEW ? 'once an interval' : `${length} times`;
}
