import { isLoopback } from './addresses.js';
import type { VariableReader } from './variable-reader.js';

/** Metrics are for whoever can reach them. */
export function readMetrics(
  read: VariableReader,
  { host, port, proxies }: { readonly host: string; readonly port: number; readonly proxies: number },
): number | undefined {
  if (read.optional('METRICS_PORT') === undefined) return undefined;
  const metricsPort = read.integer('METRICS_PORT', 0, 0, 65_535);
  if (metricsPort === port && port !== 0 && !isLoopback(host)) {
    read.refuse(`METRICS_PORT=${port}: everybody who can reach HOST=${host} would read them; use a port of their own`);
  }
  if (metricsPort === port && port !== 0 && proxies > 0) {
    read.refuse(`METRICS_PORT=${port}: the proxy of TRUST_PROXY would hand them to everybody; use a port of their own`);
  }
  return metricsPort;
}
