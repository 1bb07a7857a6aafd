import { uuidv7 } from '../ids.js';
import type { Limits } from '../limits.js';
import { OPERATIONS, type ClientOperation, type Mutation, type RequestedChange } from '../operations.js';
import { Fields } from './fields.js';
import {
  guardJson,
  mutationOf,
  takeBaseVersion,
  takeChanges,
  takeContent,
  takeHlc,
  takeId,
  takeNewIdOrNull,
  takeOperation,
  takeOpId,
  takeParts,
  takeReason,
} from './write-fields.js';

/**
 * One `mutate` of the WebSocket or of `POST /api/sync/push`. The atome's own type is `atomeType` here,
 * because `type` tells the frames apart.
 * @throws AtomeError `invalid` or `too_complex`, naming every bad field.
 */
export function parseMutate(input: unknown, limits: Limits): Mutation & { readonly opId: string } {
  const fields = new Fields(guardJson(input, limits)).ignore('type');
  const opId = takeOpId(fields);
  const operation = takeOperation(fields, OPERATIONS);
  const atomeId = operation === 'create' ? takeNewIdOrNull(fields, 'atomeId') : takeId(fields, 'atomeId');
  const baseVersion = takeBaseVersion(fields);
  const hlc = takeHlc(fields);
  const reason = takeReason(fields, limits);
  const change = takeRequestedChange(fields, operation);
  fields.refuseUnknown().check();
  return mutationOf({ opId, baseVersion, hlc, atomeId: atomeId ?? uuidv7(), reason }, change, atomeId === null);
}

function takeRequestedChange(fields: Fields, operation: ClientOperation): RequestedChange {
  switch (operation) {
    case 'create':
      return { operation, changes: takeContent(fields, 'atomeType') };
    case 'replace':
      return { operation, changes: takeParts(fields, 'atomeType') };
    case 'delete':
      return { operation, changes: {} };
    default:
      return takeChanges(fields, operation);
  }
}
