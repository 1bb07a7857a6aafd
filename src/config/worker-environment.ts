import type { VariableReader } from './variable-reader.js';

/** As how many processes a server runs that answer at one port. */
export function readWorkers(
  read: VariableReader,
  { port, metricsPort }: { readonly port: number; readonly metricsPort: number | undefined },
): number {
  const workers = read.integer('WORKERS', 1, 1, 256);
  if (workers === 1) return workers;
  const asked = `WORKERS=${workers}`;
  if (read.optional('DATABASE_URL')?.startsWith('postgres') !== true) {
    read.refuse(`${asked}: needs DATABASE_URL=postgres://…; a SQLite file is of one process`);
  }
  if (read.optional('UPSTREAM') !== undefined) {
    read.refuse(`${asked}: not together with UPSTREAM, which one process follows`);
  }
  if (metricsPort === port && port !== 0) {
    read.refuse(`${asked}: METRICS_PORT=${port} would show one of them; use a port of its own, which sums up all`);
  }
  return workers;
}
