import { existsSync } from 'node:fs';
import { constants } from 'node:os';

/** What ends a process: a supervisor, Ctrl-C, a terminal that closes, Ctrl-\. */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;

/* As the first process of a container nothing else would end it, not even while the server is being read; then that decides. */
const signals = { onStop: (signal: NodeJS.Signals): void => process.exit(128 + constants.signals[signal]) };
for (const signal of STOP_SIGNALS) process.on(signal, () => signals.onStop(signal));

/*
 * The build puts the server and all that it imports into one file: to look for so many modules and to read them is
 * most of a start. Without it the modules do the same.
 */
const bundle = new URL('server.bundle.js', import.meta.url);
const server: unknown = await import(existsSync(bundle) ? bundle.href : './app/server.js').catch(cannotBeRead);
(server as { run(given: typeof signals): void }).run(signals);

/** Where in the loader that was noticed helps nobody: a package is missing, or there are too few file descriptors. */
function cannotBeRead(error: NodeJS.ErrnoException): never {
  if (error.code === undefined) throw error;
  const [reason] = error.message.split('\n');
  process.stderr.write(`atome-sync cannot run: it cannot be read (${reason}): install it anew, or raise ulimit -n\n`);
  process.exit(1);
}
