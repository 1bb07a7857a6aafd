import type { AccessPolicy, Decision } from '../auth/authorization/access-policy.js';
import type { Entry } from '../feed/entry.js';
import { eventFilter } from '../feed/filter.js';
import type { TenantLog } from '../feed/tenant-log.js';
import { isOwn } from '../feed/view.js';
import { visibilityOf, type Visibility } from '../feed/visibility.js';
import type { Filter, Principal } from '../protocol/index.js';
import type { Delivery, DeliveryState } from './answers.js';
import { describeConnection } from './describe-connection.js';
import type { RegisteredConnection } from './registered-connection.js';

/** What somebody may have of an entry, and by what. */
export interface Right {
  readonly visibility: Visibility;
  readonly by: Decision['by'];
}

/** Sentences, by what has become of it. */
const SENTENCES: Readonly<Record<DeliveryState, string>> = {
  sent: 'It was sent.',
  left: 'That the atome has left was sent in its place.',
  waiting: 'It is still on its way: the connection has not taken what was before it.',
  hidden: 'It was not theirs to see.',
  filtered: 'It is not among what they have subscribed to.',
  own: 'They have written it themselves over this connection, and a plain reader is not told of its own.',
  before: 'It was before the cursor that they have begun from.',
  compacted:
    'It was told as a part of the newest state of its atome: the replay had the newest alteration of each alone.',
  not_subscribed: 'They read nothing over this connection.',
};

const PARTS = ['kinds', 'types', 'ids', 'parentId', 'where'] as const;

/**
 * The entry with a seq; undefined where it is not there. At most one page is read.
 * @param needsStates whether conditions are to be judged by it.
 */
export async function entryAt(
  { tail, batches }: TenantLog,
  seq: number,
  principal: Principal,
  needsStates: boolean,
): Promise<Entry | undefined> {
  if (seq > tail.seq) return undefined;
  const { entries } = await batches.batchAfter(seq - 1, { isWaiting: true, needsStates, principal });
  return entries.find((entry) => entry.seq === seq);
}

/** What somebody may have of an entry, by the rights of now. */
export function rightTo(entry: Entry, principal: Principal, policy: AccessPolicy): Right {
  const { by, isAllowed } = policy.decide(principal, 'read', entry.current);
  return { visibility: isAllowed ? 'shown' : visibilityOf(entry, false, principal, policy), by };
}

/** What has become of an entry on the way to one connection. */
export function deliveryOf(entry: Entry, connection: RegisteredConnection, { visibility }: Right): Delivery {
  const { reading, socket } = connection;
  const client = describeConnection(connection);
  const frames = reading?.reader.status.frames;
  const notIn = reading ? missedParts(entry, reading.filter) : [];
  const state = stateOf(entry, connection, visibility);
  const frame = state === 'sent' || state === 'left' ? frames?.holding(entry.seq) : undefined;
  return {
    client,
    state,
    why: SENTENCES[state] + (state === 'filtered' ? ` Not in: ${notIn.join(', ')}.` : ''),
    notIn,
    frame: frame
      ? {
          number: frame.number,
          from: frame.from,
          to: frame.to,
          sentAt: new Date(frame.at).toISOString(),
          isAcknowledged: frame.at < socket.liveness.heardUpTo,
        }
      : null,
    acknowledgedSeq: frames?.upTo(socket.liveness.heardUpTo - 1) ?? null,
  };
}

function stateOf(
  entry: Entry,
  { reading, clientId, principal }: RegisteredConnection,
  visibility: Visibility,
): DeliveryState {
  if (!reading) return 'not_subscribed';
  const { reader, filter, isRange } = reading;
  const { since, compactTo = 0, position } = reader.status;
  if (entry.seq <= since) return 'before';
  if (!isRange && isOwn(entry, { clientId, principal: principal!.id })) return 'own';
  const event = eventFilter(filter)(entry, visibility);
  if (event === undefined) return visibility === 'shown' ? 'filtered' : 'hidden';
  if (position < entry.seq) return 'waiting';
  if (entry.seq <= compactTo) return 'compacted';
  return event === entry.event ? 'sent' : 'left';
}

/** The parts of a filter that an entry is not in, each judged by itself. */
function missedParts(entry: Entry, filter: Filter): readonly string[] {
  return PARTS.filter((part) => {
    if (filter[part] === undefined) return false;
    const event = eventFilter({ [part]: filter[part] })(entry, 'shown');
    return event === undefined || event !== entry.event;
  });
}
