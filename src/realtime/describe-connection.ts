import type { Filter, Principal } from '../protocol/index.js';
import type { ClientFilter, ClientPrincipal, ConnectedClient } from './answers.js';
import type { RegisteredConnection } from './registered-connection.js';

type Cut = NonNullable<ConnectedClient['cut']>[number];

/** How long each list of names, and a condition, may be to be told, in characters. */
const MAX_LENGTH = 1_000;

/** A filter may be a hundred kilobytes: it is looked through once. */
const views = new WeakMap<Filter, { readonly filter: ClientFilter; readonly cut: readonly Cut[] }>();

/** A connection as admins, and its owner, are told of it. */
export function describeConnection(connection: RegisteredConnection): ConnectedClient {
  const { clientId, connectedAt, reading, socket } = connection;
  const status = reading?.reader.status;
  const { groups, ...principal } = principalView(connection.principal!);
  const told = groups && firstOf(groups);
  const { filter, cut } = filterView(reading?.filter ?? {});
  const allCut: readonly Cut[] = told === groups ? cut : ['groups', ...cut];
  return {
    clientId,
    principal: { ...principal, ...(told && { groups: told }) },
    connectedAt: new Date(connectedAt).toISOString(),
    form: reading ? (reading.isRange ? 'range' : 'plain') : null,
    filter,
    ...(allCut.length > 0 && { cut: allCut }),
    cursor: status?.sent ?? null,
    lag: status?.lag ?? 0,
    unsentBytes: socket.unsent,
    frames: status?.frames.count ?? 0,
  };
}

export function principalView({ id, roles, groups }: Principal): ClientPrincipal {
  return { id, roles, ...(groups && { groups }) };
}

function filterView(asked: Filter) {
  const known = views.get(asked);
  if (known) return known;
  const cut: Cut[] = [];
  const filter: Record<string, unknown> = {};
  for (const part of ['kinds', 'types', 'ids'] as const) {
    const list = asked[part];
    if (!list) continue;
    filter[part] = firstOf(list);
    if (filter[part] !== list) cut.push(part);
  }
  const { parentId, where } = asked;
  if (parentId !== undefined) filter.parentId = parentId;
  if (where && JSON.stringify(where).length > MAX_LENGTH) cut.push('where');
  else if (where) filter.where = where;
  const view = { filter: filter as ClientFilter, cut };
  views.set(asked, view);
  return view;
}

/** The list itself, or as many as fit. */
function firstOf(list: readonly string[]): readonly string[] {
  let length = 0;
  const end = list.findIndex((name) => (length += name.length) > MAX_LENGTH);
  return end < 0 ? list : list.slice(0, end);
}
