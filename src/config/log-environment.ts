import type { VariableReader } from './variable-reader.js';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const LOG_FORMATS = ['auto', 'json', 'pretty'] as const;

/** What is written to the log, and how. */
export interface LogConfig {
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** `auto`: pretty on a terminal, else JSON. */
  readonly logFormat: (typeof LOG_FORMATS)[number];
  /** Whether each request has a line. */
  readonly accessLog: boolean;
}

export function readLog(read: VariableReader): LogConfig {
  return {
    logLevel: read.choice('LOG_LEVEL', 'info', LOG_LEVELS),
    logFormat: read.choice('LOG_FORMAT', 'auto', LOG_FORMATS),
    accessLog: read.choice('ACCESS_LOG', 'on', ['on', 'off']) === 'on',
  };
}
