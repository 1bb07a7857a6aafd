import { SAME_SIGNAL_MS } from '../config/same-signal.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Does something at the first signal that asks a process to end; one that comes later ends it at once.
 * @returns the function after which signals do what they usually do.
 */
export function onEarlyEnd(
  end: () => void,
  of: Pick<NodeJS.Process, 'on' | 'off' | 'kill' | 'pid'> = process,
): () => void {
  let first: number | undefined;
  const stop = (): void => SIGNALS.forEach((signal) => of.off(signal, take));
  const take = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (first === undefined) {
      first = now;
      end();
    } else if (now >= first + SAME_SIGNAL_MS) {
      stop();
      of.kill(of.pid, signal);
    }
  };
  SIGNALS.forEach((signal) => of.on(signal, take));
  return stop;
}
