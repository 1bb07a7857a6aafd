import { readFileSync } from 'node:fs';
import { WS_PATH } from '../protocol/index.js';
import { isLoopback } from './addresses.js';
import type { UpstreamOptions } from './upstream-options.js';
import type { VariableReader } from './variable-reader.js';

const EXPECTED = 'wss:// and a host, such as wss://core.example; ws:// only to this machine';

/** Which server is followed, if any. */
export function readUpstream(read: VariableReader): { readonly upstream?: UpstreamOptions } {
  const upstream = read.optional('UPSTREAM');
  const token = read.optional('UPSTREAM_TOKEN');
  const file = read.optional('UPSTREAM_TOKEN_FILE');
  const tenant = read.text('UPSTREAM_TENANT', 'default', /^[\w.:-]{1,128}$/, 'a tenant of this server');
  if (token !== undefined && file !== undefined) read.refuse('UPSTREAM_TOKEN: not together with UPSTREAM_TOKEN_FILE');
  if (upstream === undefined) {
    if ((token ?? file) !== undefined) read.refuse('UPSTREAM_TOKEN: needs UPSTREAM');
    return {};
  }
  const url = socketUrl(upstream);
  // there may be a password in it
  if (url === undefined) read.refuse(`UPSTREAM: expected ${EXPECTED}`);
  if (file !== undefined) readTokenFile(file, read);
  const source = file === undefined ? () => token : () => readFileSync(file, 'utf8').trim();
  return { upstream: { url: url ?? '', tenant, ...((token ?? file) !== undefined && { token: source }) } };
}

/** It is read anew at each connection: whoever renews the token need not start the server again. */
function readTokenFile(file: string, read: VariableReader): void {
  try {
    readFileSync(file);
  } catch (error) {
    read.refuse(`UPSTREAM_TOKEN_FILE=${file}: cannot be read: ${(error as NodeJS.ErrnoException).code ?? ''}`);
  }
}

/** The address of the WebSocket; undefined for what is none. Whoever reads the wire has the token. */
function socketUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, host, pathname, username, password, search, hash } = new URL(text);
  const isSafe = protocol === 'wss:' || (protocol === 'ws:' && isLoopback(hostname.replace(/^\[|\]$/g, '')));
  if (!isSafe || [username, password, search, hash].some((part) => part !== '')) return undefined;
  return `${protocol}//${host}${pathname === '/' ? WS_PATH : pathname}`;
}
