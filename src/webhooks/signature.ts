import { createHash, createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** A new secret, as Standard Webhooks writes them. */
export function newSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/** What a message is signed with: its id, the seconds since 1970, and what is sent. */
export interface Message {
  readonly id: string;
  readonly seconds: number;
  readonly body: string;
}

/** The headers of a message: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
export function signedHeaders({ id, seconds, body }: Message, secrets: readonly string[]): Record<string, string> {
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': signatures.join(' ') };
}

/** Names an alteration to a webhook: the same at each attempt, and that of no other. */
export function messageId(webhook: string, key: string): string {
  return `msg_${createHash('sha256').update(`${webhook} ${key}`).digest('hex').slice(0, 40)}`;
}
