import { isTenantName } from '../auth/authentication/principal.js';

/** That a ledger has reached a seq. It says when to look, never what is there: it may be lost, repeated, late or untrue. */
export interface Hint {
  readonly tenant: string;
  readonly seq: number;
}

/** What one node tells the others in the clear. */
export type NodeMessage =
  | { readonly type: 'alive'; readonly node: string; readonly revision: number }
  | { readonly type: 'left'; readonly node: string }
  | { readonly type: 'hint'; readonly node: string; readonly hint: Hint }
  /** What it tells of itself. */
  | { readonly type: 'state'; readonly node: string }
  /** Another is to tell all of itself. */
  | { readonly type: 'request'; readonly node: string; readonly of: string };

/** A message as it came. */
export interface ReceivedMessage {
  readonly message: NodeMessage;
  /** What came sealed with it; undefined for nothing. */
  readonly sealed?: string;
}

/** No line of ours is longer, in characters. */
export const MAX_LINE = 200;
/** Nor a message, in characters. */
const MAX_TEXT = 256 * 1024;

/** What a node is called. */
const NODE_NAME = /^[0-9a-f]{12}$/;
const STATE = '=';
const LEFT = '!';
const REQUEST = '?';

/** A line of at most {@link MAX_LINE} characters. What is sealed is the line after it. */
export function lineOf(message: NodeMessage): string {
  const { node } = message;
  if (message.type === 'alive') return JSON.stringify([node, message.revision]);
  if (message.type === 'state') return JSON.stringify([node, STATE]);
  if (message.type === 'left') return JSON.stringify([node, LEFT]);
  if (message.type === 'request') return JSON.stringify([node, REQUEST, message.of]);
  return JSON.stringify([node, message.hint.tenant, message.hint.seq]);
}

/** What a text says; undefined for one that no node of ours has sent. */
export function messageOf(text: string): ReceivedMessage | undefined {
  if (text.length > MAX_TEXT) return undefined;
  const end = text.indexOf('\n');
  const message = parsedLine(end < 0 ? text : text.slice(0, end));
  return message && { message, ...(end >= 0 && { sealed: text.slice(end + 1) }) };
}

function parsedLine(line: string): NodeMessage | undefined {
  if (line.length > MAX_LINE) return undefined;
  const parts = parsed(line);
  if (!Array.isArray(parts)) return undefined;
  const [node, what, more] = parts as unknown[];
  if (typeof node !== 'string' || !NODE_NAME.test(node)) return undefined;
  if (parts.length === 2) {
    if (what === STATE) return { type: 'state', node };
    if (what === LEFT) return { type: 'left', node };
    return isCount(what) ? { type: 'alive', node, revision: what } : undefined;
  }
  if (parts.length !== 3) return undefined;
  if (what === REQUEST) return { type: 'request', node, of: String(more) };
  return isTenantName(what) && isCount(more) && more > 0
    ? { type: 'hint', node, hint: { tenant: what, seq: more } }
    : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not one of ours
  }
}
