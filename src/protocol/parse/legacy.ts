import type { Content } from '../atome.js';
import { MAX_VERSION } from '../ids.js';
import { isObject } from '../json.js';
import type { Limits } from '../limits.js';
import type { LegacyWrite } from '../messages/client-messages.js';
import type { Mutation, RequestedChange } from '../operations.js';
import { takeDeviceOpId } from './device-op-id.js';
import { Fields } from './fields.js';
import {
  takeChanges,
  takeContent,
  takeHlc,
  takeId,
  takeNewId,
  takeOperation,
  takeOpId,
  takeParts,
  takeReason,
  takeVersion,
} from './write-fields.js';

/* The original client's own messages. Fields that it adds and nobody needs are let through. */

export function parseLegacy(type: LegacyWrite['type'], input: Record<string, unknown>, limits: Limits): LegacyWrite {
  const message = new Fields(input);
  const atome = isObject(input.atome) ? new Fields(input.atome, 'atome') : undefined;
  const take = type === 'atome:created' ? takeNewId : takeId;
  const atomeId = atome && !message.has('atomeId') ? take(atome, 'id') : take(message, 'atomeId');
  const write = takeWrite(type, input, message, atome, atomeId, limits);
  message.check();
  atome?.check();
  return write;
}

function takeWrite(
  type: LegacyWrite['type'],
  input: Record<string, unknown>,
  message: Fields,
  atome: Fields | undefined,
  atomeId: string,
  limits: Limits,
): LegacyWrite {
  const envelope = { atomeId, baseVersion: null, hlc: null, reason: takeReason(message, limits) };
  const named = (change: RequestedChange): Mutation => ({
    ...envelope,
    opId: nameOf(message, atomeId, change),
    ...change,
  });
  if (type === 'atome:deleted') {
    const version = message.integerOr('version', 1, null, MAX_VERSION);
    return { type, version, mutation: named({ operation: 'delete', changes: {} }) };
  }
  if (type === 'atome:altered' && isObject(input.alteration)) {
    const write = takeAltered(new Fields(ownWords(input.alteration), 'alteration'), message, envelope, limits);
    return { ...write, version: write.version ?? atome?.integerOr('version', 1, null, MAX_VERSION) ?? null };
  }
  const source = atome ?? new Fields(undefined, 'atome');
  const version = source.integerOr('version', 1, null, MAX_VERSION);
  if (type === 'atome:created') {
    const changes = takeContent(source, 'type');
    source.check();
    return { type, version: version ?? 1, mutation: named({ operation: 'create', changes }) };
  }
  const changes: Partial<Content> = takeParts(source, 'type');
  source.check();
  return { type, version, mutation: named({ operation: 'replace', changes }) };
}

/** A write's own name, or one that is made of device and time. */
function nameOf(fields: Fields, atomeId: string, change: RequestedChange): string | null {
  return fields.raw('opId') != null ? takeOpId(fields) : takeDeviceOpId(fields, atomeId, change);
}

/** A rename may name the new name as the REST call does, beside the operation or among the changes. */
function ownWords(alteration: Record<string, unknown>): Record<string, unknown> {
  const { operation, newName, changes = {}, ...rest } = alteration;
  if (operation !== 'rename' || !isObject(changes)) return alteration;
  const { newName: inner, ...others } = changes;
  const name = newName ?? inner;
  return name === undefined ? alteration : { ...rest, operation, changes: { ...others, name } };
}

function takeAltered(
  alteration: Fields,
  message: Fields,
  envelope: Pick<Mutation, 'atomeId' | 'baseVersion' | 'hlc' | 'reason'>,
  limits: Limits,
): LegacyWrite {
  const operation = takeOperation(alteration, ['update', 'patch', 'rename', 'tag', 'restore']);
  // what it echoes is the alteration as it is in the ledger, with the state that was restored
  const change: RequestedChange =
    operation === 'restore'
      ? { operation, changes: { version: takeVersion(alteration.object('changes'), alteration) } }
      : takeChanges(alteration, operation);
  const ofMessage = nameOf(message, envelope.atomeId, change);
  const opId = nameOf(alteration, envelope.atomeId, change) ?? ofMessage;
  const version = alteration.integerOr('version', 1, null, MAX_VERSION);
  const hlc = takeHlc(alteration);
  const reason = takeReason(alteration, limits) ?? envelope.reason;
  alteration.check();
  return {
    type: 'atome:altered',
    version,
    mutation: { ...envelope, opId, hlc, reason, ...change },
  };
}
