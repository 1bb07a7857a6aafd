import type { Filter, Principal } from '../protocol/index.js';
import type { ClientFilter, ClientPrincipal, ConnectedClient } from './answers.js';
import type { RegisteredConnection } from './registered-connection.js';

/** A connection as admins, and its owner, are told of it. */
export function describeConnection(connection: RegisteredConnection): ConnectedClient {
  const { clientId, connectedAt, reading, socket } = connection;
  const status = reading?.reader.status;
  return {
    clientId,
    principal: principalView(connection.principal!),
    connectedAt: new Date(connectedAt).toISOString(),
    form: reading ? (reading.isRange ? 'range' : 'plain') : null,
    filter: filterView(reading?.filter ?? {}),
    cursor: status?.sent ?? null,
    lag: status?.lag ?? 0,
    unsentBytes: socket.unsent,
    frames: status?.frames.count ?? 0,
  };
}

export function principalView({ id, roles, groups }: Principal): ClientPrincipal {
  return { id, roles, ...(groups && { groups }) };
}

function filterView({ kinds, types, ids, parentId, where }: Filter): ClientFilter {
  return {
    ...(kinds && { kinds }),
    ...(types && { types }),
    ...(ids && { ids }),
    ...(parentId !== undefined && { parentId }),
    ...(where && { where }),
  };
}
