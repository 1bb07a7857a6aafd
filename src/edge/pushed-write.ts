import { contentOf, type AlterationBody, type Content, type JsonObject } from '../protocol/index.js';

/**
 * A local write as it is pushed: under its stamp, without what is the edge's own, its version above all.
 * @returns undefined for an erasure, which has a call of its own.
 */
export function pushedWrite(write: AlterationBody, opId: string): JsonObject | undefined {
  const { atomeId, operation, hlc, reason } = write;
  const envelope = { opId, atomeId, operation, hlc, ...(reason !== null && { reason }) };
  switch (write.operation) {
    case 'redact':
      return undefined;
    case 'create': {
      const { access } = write.changes;
      return { ...envelope, ...named(contentOf(write.changes)), ...(access !== undefined && { access }) } as JsonObject;
    }
    case 'replace': {
      const { inherited: _inherited, ...parts } = write.changes;
      return { ...envelope, ...named(parts) };
    }
    case 'restore':
      return { ...envelope, operation: 'replace', ...named(contentOf(write.changes)) };
    case 'delete':
      return envelope;
    case 'share':
      return { ...envelope, changes: { access: write.changes.access } } as JsonObject;
    default:
      return { ...envelope, changes: write.changes } as JsonObject;
  }
}

/** In a push the word `type` is taken. */
function named({ type, ...parts }: Partial<Content>): JsonObject {
  return { ...parts, ...(type !== undefined && { atomeType: type }) };
}
