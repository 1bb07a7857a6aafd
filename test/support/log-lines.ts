import type { TestApp } from './app.js';

/** Takes over the log of a server, and returns what is warned of or fails from here on. */
export function logLines({ app }: TestApp): string[] {
  const lines: string[] = [];
  const note = (message: unknown): void => void lines.push(message instanceof Error ? message.stack! : String(message));
  app.useLogger({ log: () => undefined, warn: note, error: note, fatal: note });
  return lines;
}
