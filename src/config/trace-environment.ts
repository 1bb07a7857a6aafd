import type { VariableReader } from './variable-reader.js';

/** Where traces are sent; the other variables of OpenTelemetry are read by its own packages. */
export function readTraces(read: VariableReader): { readonly tracesTo?: string } {
  const endpoint = read.optional('OTEL_EXPORTER_OTLP_ENDPOINT');
  // there may be a password in it
  if (endpoint !== undefined && !/^https?:\/\//.test(endpoint))
    read.refuse('OTEL_EXPORTER_OTLP_ENDPOINT: expected the address of a collector, such as http://127.0.0.1:4318');
  return { ...(endpoint !== undefined && { tracesTo: endpoint }) };
}
