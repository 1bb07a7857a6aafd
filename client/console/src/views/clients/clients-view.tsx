import { useState } from 'preact/hooks';
import { bytesText, countText, durationText } from '../../data/names.js';
import { useWorkspace } from '../../data/use-workspace.js';
import { useNow } from '../../data/value.js';
import { addressOf } from '../../route.js';
import { Button } from '../../ui/button.js';
import { Ask } from '../../ui/dialog.js';
import { useLoad } from '../../ui/load.js';
import { Blank, Loading } from '../../ui/states.js';
import { say } from '../../ui/toasts.js';
import { filterText, type ConnectedClient } from './client-answer.js';

/** How often they are asked for, in milliseconds. */
const EVERY_MS = 2_000;

const PAGE = 200;

interface Page {
  readonly data: readonly ConnectedClient[];
  readonly total: number;
  readonly nextCursor: string | null;
}

/** Who is connected to this server, and how far each has come. */
export function ClientsView() {
  const { session } = useWorkspace();
  const now = useNow(1_000);
  const [ending, setEnding] = useState<ConnectedClient>();
  const [cursor, goOn] = useState('');
  const { value, error, again } = useLoad(
    `clients ${cursor}`,
    () => session.api.get<Page>('api/clients', { limit: PAGE, cursor }),
    EVERY_MS,
  );
  const clients = value?.data;
  return (
    <section class="view" aria-label="Clients">
      <header class="toolbar">
        <div class="toolbar-row">
          <h1>Clients {value && <span class="count">{countText(value.total)}</span>}</h1>
          <span class="quiet">Connections of your tenant to this server</span>
          <span class="grow" />
          {cursor && <Button label="First page" onClick={() => goOn('')} />}
          {value?.nextCursor && <Button label="Next page" onClick={() => goOn(value.nextCursor!)} />}
          <Button icon="refresh" label="Refresh" onClick={again} />
        </div>
      </header>
      {error && !clients && (
        <Blank icon="clients" title="They are for admins">
          <p>{error.message}</p>
        </Blank>
      )}
      {!error && !clients && <Loading label="Loading connections" />}
      {clients && (
        <div class="scroller">
          <table class="table">
            <thead>
              <tr>
                {['Who', 'Connection', 'Since', 'Reads', 'Cursor', 'Lag', 'Unsent', 'Frames', ''].map((head) => (
                  <th key={head} scope="col">
                    {head || <span class="unseen">Actions</span>}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {clients.map((client) => (
                <ClientRow key={client.clientId} client={client} now={now} onEnd={() => setEnding(client)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {ending && (
        <Ask
          title={`End the connection of ${ending.principal.id}?`}
          action="End"
          tone="danger"
          onClose={() => setEnding(undefined)}
          onDo={async () => {
            await session.api.send('DELETE', `api/clients/${encodeURIComponent(ending.clientId)}`);
            say('The connection is being closed');
            again();
          }}
        >
          <p class="quiet">Nothing is lost: the client comes back by itself, with its cursor.</p>
        </Ask>
      )}
    </section>
  );
}

interface ClientRowProps {
  readonly client: ConnectedClient;
  readonly now: number;
  readonly onEnd: () => void;
}

function ClientRow({ client, now, onEnd }: ClientRowProps) {
  return (
    <tr>
      <th scope="row">
        {client.principal.id}
        <span class="quiet"> {client.principal.roles.join(', ')}</span>
      </th>
      <td class="mono" title={client.clientId}>
        {client.clientId.slice(0, 8)}
      </td>
      <td title={client.connectedAt}>{durationText(now - Date.parse(client.connectedAt))}</td>
      <td>
        {client.form === null ? <span class="quiet">nothing</span> : <span class="chip">{client.form}</span>}
        {filterText(client) && <code> {filterText(client)}</code>}
      </td>
      <td class="number">{client.cursor === null ? '–' : countText(client.cursor)}</td>
      <td class={client.lag > 0 ? 'number warn' : 'number'}>{countText(client.lag)}</td>
      <td class="number">{bytesText(client.unsentBytes)}</td>
      <td class="number">{countText(client.frames)}</td>
      <td class="actions">
        <a class="button plain" href={addressOf('explain', '', { client: client.clientId })}>
          Explain
        </a>
        <Button label="End" about={client.clientId.slice(0, 8)} tone="danger" onClick={onEnd} />
      </td>
    </tr>
  );
}
