import { readFileSync } from 'node:fs';
import { WS_PATH } from '../protocol/index.js';
import { isLoopback } from './addresses.js';
import type { UpstreamOptions } from './upstream-options.js';
import type { VariableReader } from './variable-reader.js';

const EXPECTED = 'wss:// and a host, such as wss://core.example; ws:// only to this machine';

const TOKEN = /^[\x21-\x7e]+$/;
const NO_TOKEN = 'expected a token: visible ASCII characters without a space';

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
  if (token !== undefined && !TOKEN.test(token)) read.refuse(`UPSTREAM_TOKEN: ${NO_TOKEN}`);
  const source = file === undefined ? () => token : () => tokenIn(file);
  return { upstream: { url: url ?? '', tenant, ...((token ?? file) !== undefined && { token: source }) } };
}

/** It is read anew at each connection: whoever renews the token need not start the server again. */
function readTokenFile(file: string, read: VariableReader): void {
  try {
    tokenIn(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    read.refuse(code === undefined ? message : `UPSTREAM_TOKEN_FILE=${file}: cannot be read: ${code}`);
  }
}

/** @throws Error that does not quote it. */
function tokenIn(file: string): string {
  const token = readFileSync(file, 'utf8').trim();
  if (!TOKEN.test(token)) throw new Error(`UPSTREAM_TOKEN_FILE=${file}: ${NO_TOKEN}`);
  return token;
}

/** The address of the WebSocket; undefined for what is none. Whoever reads the wire has the token. */
function socketUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, host, pathname, username, password, search, hash } = new URL(text);
  const isSafe = protocol === 'wss:' || (protocol === 'ws:' && isLoopback(hostname.replace(/^\[|\]$/g, '')));
  if (!isSafe || [username, password, search, hash].some((part) => part !== '')) return undefined;
  return `${protocol}//${host}${pathname === '/' ? WS_PATH : pathname}`;
}
