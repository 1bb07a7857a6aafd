import type { Content } from '../atome.js';
import { MAX_VERSION } from '../ids.js';
import { isObject } from '../json.js';
import type { Limits } from '../limits.js';
import type { CompatWrite } from '../messages/client-messages.js';
import { KEY_OPERATIONS, type Mutation, type RequestedChange } from '../operations.js';
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
  type Envelope,
} from './write-fields.js';

/* The original client's own messages. Fields that it adds and nobody needs are let through. */

export function parseCompat(type: CompatWrite['type'], input: Record<string, unknown>, limits: Limits): CompatWrite {
  const message = new Fields(input);
  const atome = isObject(input.atome) ? new Fields(input.atome, 'atome') : undefined;
  const take = type === 'atome:created' ? takeNewId : takeId;
  const atomeId = atome && !message.has('atomeId') ? take(atome, 'id') : take(message, 'atomeId');
  const envelope = { atomeId, baseVersion: null, hlc: null, reason: takeReason(message, limits) };
  let write: CompatWrite;
  if (type === 'atome:deleted') write = takeDeleted(message, envelope);
  else if (type === 'atome:altered' && isObject(input.alteration)) {
    write = takeAltered(new Fields(ownWords(input.alteration), 'alteration'), message, envelope, limits);
    if (write.version === null && atome) write = { ...write, version: takeVersionOrNull(atome) };
  } else write = takeState(type, atome ?? new Fields(undefined, 'atome'), message, envelope);
  message.check();
  atome?.check();
  return write;
}

/** What a message says of its write, whatever it changes. */
type UnnamedEnvelope = Omit<Envelope, 'opId'>;

function takeDeleted(message: Fields, envelope: UnnamedEnvelope): CompatWrite {
  const version = takeVersionOrNull(message);
  return { type: 'atome:deleted', version, mutation: named(message, envelope, { operation: 'delete', changes: {} }) };
}

/** A message that holds the atome itself: all of it, or the parts that were set. */
function takeState(
  type: Exclude<CompatWrite['type'], 'atome:deleted'>,
  atome: Fields,
  message: Fields,
  envelope: UnnamedEnvelope,
): CompatWrite {
  const version = takeVersionOrNull(atome);
  if (type === 'atome:created') {
    const changes = takeContent(atome, 'type');
    atome.check();
    return { type, version: version ?? 1, mutation: named(message, envelope, { operation: 'create', changes }) };
  }
  const changes: Partial<Content> = takeParts(atome, 'type');
  atome.check();
  return { type, version, mutation: named(message, envelope, { operation: 'replace', changes }) };
}

function takeVersionOrNull(fields: Fields): number | null {
  return fields.integerOr('version', 1, null, MAX_VERSION);
}

function named(message: Fields, envelope: UnnamedEnvelope, change: RequestedChange): Mutation {
  return { ...envelope, opId: nameOf(message, envelope.atomeId, change), ...change };
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

function takeAltered(alteration: Fields, message: Fields, envelope: UnnamedEnvelope, limits: Limits): CompatWrite {
  const operation = takeOperation(alteration, [...KEY_OPERATIONS, 'restore']);
  // what it echoes is the alteration as it is in the ledger, with the state that was restored
  const change: RequestedChange =
    operation === 'restore'
      ? { operation, changes: { version: takeVersion(alteration.object('changes'), alteration) } }
      : takeChanges(alteration, operation);
  const ofMessage = nameOf(message, envelope.atomeId, change);
  const opId = nameOf(alteration, envelope.atomeId, change) ?? ofMessage;
  const version = takeVersionOrNull(alteration);
  const hlc = takeHlc(alteration);
  const reason = takeReason(alteration, limits) ?? envelope.reason;
  alteration.check();
  return {
    type: 'atome:altered',
    version,
    mutation: { ...envelope, opId, hlc, reason, ...change },
  };
}
