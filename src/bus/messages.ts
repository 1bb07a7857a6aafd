import { isTenantName } from '../auth/authentication/principal.js';

/** That a ledger has reached a seq. It says when to look, never what is there: it may be lost, repeated, late or untrue. */
export interface Hint {
  readonly tenant: string;
  readonly seq: number;
}

/** What one node tells the others: that it is there, or a hint. */
export interface NodeMessage {
  readonly node: string;
  readonly hint?: Hint;
}

/** A message as it came. */
export interface ReceivedMessage extends NodeMessage {
  /** What was carried with the hint, as it came; undefined for nothing. */
  readonly carried?: string;
}

/** No message of ours is longer, in characters, without what it carries; PostgreSQL takes less than 8,000 bytes. */
export const MAX_TEXT = 200;
/** With what it carries: characters of up to three bytes each, in base64. */
const MAX_CARRIED = 128 * 1024;

/** How many characters the name of a node has. */
export const NODE_NAME = /^[0-9a-f]{12}$/;

/** At most {@link MAX_TEXT} characters in a line: a name of a node, of a tenant, and a number. What is carried is the next line. */
export function textOf({ node, hint }: NodeMessage): string {
  return JSON.stringify(hint ? [node, hint.tenant, hint.seq] : [node]);
}

/** What a text says; undefined for one that no node of ours has sent. */
export function messageOf(text: string): ReceivedMessage | undefined {
  const end = text.indexOf('\n');
  if (end < 0) return lineOf(text);
  const message = lineOf(text.slice(0, end));
  return message?.hint && text.length <= MAX_CARRIED ? { ...message, carried: text.slice(end + 1) } : message;
}

function lineOf(line: string): NodeMessage | undefined {
  if (line.length > MAX_TEXT) return undefined;
  const parts = parsed(line);
  if (!Array.isArray(parts)) return undefined;
  const [node, tenant, seq] = parts as unknown[];
  if (typeof node !== 'string' || !NODE_NAME.test(node)) return undefined;
  if (parts.length === 1) return { node };
  const isHint = parts.length === 3 && isTenantName(tenant) && Number.isSafeInteger(seq) && (seq as number) > 0;
  return isHint ? { node, hint: { tenant, seq: seq as number } } : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not one of ours
  }
}
