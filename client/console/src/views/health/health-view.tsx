import type { ComponentChildren } from 'preact';
import { bytesText, countText } from '../../data/names.js';
import { useWorkspace } from '../../data/use-workspace.js';
import { useValue } from '../../data/value.js';
import type { ServerInfo } from '../../session/session.js';
import { attempt } from '../../data/api.js';
import { useLoad } from '../../ui/load.js';
import { ConsumersTable, WebhooksTable } from './workers.js';

/** How often the server is asked, in milliseconds. */
const EVERY_MS = 5_000;

interface Health {
  readonly status: string;
  readonly details: Readonly<Record<string, { readonly status: string; readonly [name: string]: unknown }>>;
}

/** Whether the server can do its work, where its ledger stands, and what works behind it. */
export function HealthView() {
  const { session, standing } = useWorkspace();
  const { status } = useValue(standing);
  const ready = useLoad('ready', async () => (await (await attempt('GET', 'health/ready')).json()) as Health, EVERY_MS);
  const info = useLoad('info', () => session.api.get<ServerInfo>('api/server-info'), EVERY_MS);
  const isReady = ready.value?.status === 'ok' && !ready.error;
  const server = info.value ?? session.server;
  return (
    <section class="view" aria-label="Health">
      <header class="toolbar">
        <div class="toolbar-row">
          <h1>
            Health <span class={`lamp ${isReady ? 'good' : ready.isLoading && !ready.value ? 'busy' : 'bad'}`} />
          </h1>
          <span role="status">
            {ready.error ? ready.error.message : isReady ? 'Ready' : (ready.value?.status ?? 'Asking')}
          </span>
        </div>
      </header>
      <div class="scroller tiles">
        <Tile title="Readiness">
          {Object.entries(ready.value?.details ?? {}).map(([name, { status: state, ...more }]) => (
            <Fact key={name} name={name} value={state === 'up' ? 'up' : 'down'} isBad={state !== 'up'}>
              {Object.keys(more).length > 0 && <code>{JSON.stringify(more)}</code>}
            </Fact>
          ))}
        </Tile>
        <Tile title="Ledger">
          <Fact name="Head" value={countText(server.seq ?? status.lastSeq)} />
          <Fact name="This window" value={countText(status.lastSeq)} />
          <Fact name="Clients" value={countText(server.connectedClients ?? 0)} />
          <Fact name="Epoch" value={server.epoch ?? '–'} />
        </Tile>
        <Tile title="Server">
          <Fact name="Version" value={server.version} />
          <Fact name="Protocol" value={String(server.protocol)} />
          <Fact
            name="Signs in"
            value={server.authRequired ? (server.accounts ? 'accounts and tokens' : 'tokens') : 'nobody'}
          />
        </Tile>
        <Tile title="Limits">
          {Object.entries(server.limits).map(([name, limit]) => (
            <Fact key={name} name={wordsOf(name)} value={/bytes/i.test(name) ? bytesText(limit) : countText(limit)} />
          ))}
        </Tile>
        <ConsumersTable everyMs={EVERY_MS} />
        <WebhooksTable everyMs={EVERY_MS} />
      </div>
    </section>
  );
}

function wordsOf(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words[0]!.toUpperCase() + words.slice(1);
}

interface TileProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

function Tile({ title, children }: TileProps) {
  return (
    <article class="tile">
      <h2>{title}</h2>
      <dl>{children}</dl>
    </article>
  );
}

interface FactProps {
  readonly name: string;
  readonly value: string;
  readonly isBad?: boolean;
  readonly children?: ComponentChildren;
}

function Fact({ name, value, isBad = false, children }: FactProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={isBad ? 'fault' : ''} title={value}>
        {value} {children}
      </dd>
    </div>
  );
}
