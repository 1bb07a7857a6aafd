import { AtomeError, invalid } from '../errors.js';
import { MAX_VERSION, uuidv7 } from '../ids.js';
import { isObject } from '../json.js';
import type { Limits } from '../limits.js';
import { KEY_OPERATIONS, type Mutation, type RequestedChange } from '../operations.js';
import { takeDeviceOpId } from './device-op-id.js';
import { Fields } from './fields.js';
import {
  guardJson,
  mutationOf,
  parseId,
  parseJsonPatch,
  parseOpId,
  takeAccess,
  takeChanges,
  takeContent,
  takeNewIdOrNull,
  takeOperation,
  takeParts,
  takeReason,
  type Envelope,
} from './write-fields.js';

/* The bodies of the REST calls. Each function throws AtomeError `invalid` or `too_complex`. */

/** What the headers of a write say. */
export interface WriteHeaders {
  readonly idempotencyKey?: string | undefined;
}

function opIdOf({ idempotencyKey }: WriteHeaders): string | null {
  return idempotencyKey === undefined ? null : parseOpId(idempotencyKey, 'Idempotency-Key');
}

/** A REST call names neither a base version nor a stamp. */
function envelope(opId: string | null, atomeId: string, reason: string | null): Envelope {
  return { opId, baseVersion: null, hlc: null, atomeId, reason };
}

export function parseCreateBody(body: unknown, headers: WriteHeaders, limits: Limits): Mutation {
  const fields = new Fields(guardJson(body, limits));
  const id = takeNewIdOrNull(fields, 'id');
  const changes = takeContent(fields, 'type');
  fields.refuseUnknown().check();
  return mutationOf(envelope(opIdOf(headers), id ?? uuidv7(), null), { operation: 'create', changes }, id === null);
}

export function parseAlterBody(id: string, body: unknown, headers: WriteHeaders, limits: Limits): Mutation {
  const fields = new Fields(guardJson(body, limits));
  const atomeId = parseId(id);
  const operation = takeOperation(fields, KEY_OPERATIONS);
  const change = takeChanges(fields, operation);
  const reason = takeReason(fields, limits);
  const deviceOpId = takeDeviceOpId(fields, atomeId, change);
  fields.refuseUnknown().check();
  return mutationOf(envelope(opIdOf(headers) ?? deviceOpId, atomeId, reason), change);
}

export function parseReplaceBody(id: string, body: unknown, headers: WriteHeaders, limits: Limits): Mutation {
  const fields = new Fields(guardJson(body, limits));
  const changes = takeParts(fields, 'type');
  const reason = takeReason(fields, limits);
  fields.refuseUnknown().check();
  return mutationOf(envelope(opIdOf(headers), parseId(id), reason), { operation: 'replace', changes });
}

/** The media types of `PATCH`. */
export const MERGE_PATCH = 'application/merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';

/** What a `PATCH` carries: what the body means depends on its media type (RFC 5789). */
export interface PatchDocument {
  readonly body: unknown;
  readonly mediaType: string;
}

export function parsePatchBody(id: string, patch: PatchDocument, headers: WriteHeaders, limits: Limits): Mutation {
  const body = guardJson(patch.body, limits);
  return mutationOf(envelope(opIdOf(headers), parseId(id), null), parsePatch({ ...patch, body }));
}

function parsePatch({ body, mediaType }: PatchDocument): RequestedChange {
  const operation = 'patch';
  switch (mediaType) {
    case JSON_PATCH: {
      if (!Array.isArray(body)) throw invalid([{ path: '', message: 'must be an array of JSON Patch steps' }]);
      const fields = new Fields({});
      const changes = parseJsonPatch(body, fields);
      fields.check();
      return { operation, changes };
    }
    case MERGE_PATCH:
    case 'application/json':
      if (!isObject(body)) throw invalid([{ path: '', message: 'must be a JSON Merge Patch, an object' }]);
      return { operation, changes: body as Extract<RequestedChange, { operation: 'update' }>['changes'] };
    default:
      throw new AtomeError('unsupported_media_type', `send ${MERGE_PATCH} or ${JSON_PATCH}`);
  }
}

export function parseRenameBody(id: string, body: unknown, headers: WriteHeaders, limits: Limits): Mutation {
  const fields = new Fields(guardJson(body, limits));
  const name = fields.text('newName', /^/, 'the new name, a text');
  const reason = takeReason(fields, limits);
  fields.refuseUnknown().check();
  return mutationOf(envelope(opIdOf(headers), parseId(id), reason), { operation: 'rename', changes: { name } });
}

/** The body may be missing or empty. */
export function parseDeleteBody(id: string, body: unknown, headers: WriteHeaders, limits: Limits): Mutation {
  const fields = new Fields(guardJson(body ?? {}, limits));
  const reason = takeReason(fields, limits);
  fields.refuseUnknown().check();
  return mutationOf(envelope(opIdOf(headers), parseId(id), reason), { operation: 'delete', changes: {} });
}

export function parseShareBody(id: string, body: unknown, headers: WriteHeaders, limits: Limits): Mutation {
  const fields = new Fields(guardJson(body, limits));
  const access = takeAccess(fields);
  const reason = takeReason(fields, limits);
  fields.refuseUnknown().check();
  return mutationOf(envelope(opIdOf(headers), parseId(id), reason), { operation: 'share', changes: { access } });
}

export function parseRestoreBody(id: string, body: unknown, headers: WriteHeaders, limits: Limits): Mutation {
  const fields = new Fields(guardJson(body, limits));
  const version = fields.integer('version', 1, MAX_VERSION);
  const reason = takeReason(fields, limits);
  fields.refuseUnknown().check();
  return mutationOf(envelope(opIdOf(headers), parseId(id), reason), { operation: 'restore', changes: { version } });
}
