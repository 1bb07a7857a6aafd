import { bytesText, countText } from '../../data/names.js';
import { filterText, type ConnectedClient } from '../clients/client-answer.js';

/** What has become of a change at one connection, as the server tells it. */
export interface Delivery {
  readonly client: ConnectedClient;
  readonly state: string;
  readonly why: string;
  readonly frame: {
    readonly number: number;
    readonly from: number | null;
    readonly to: number;
    readonly sentAt: string;
    readonly isAcknowledged: boolean;
  } | null;
  readonly acknowledgedSeq: number | null;
}

/** How each state looks; what was to be expected has no colour. */
const LAMPS: Readonly<Record<string, string>> = {
  sent: 'good',
  left: 'good',
  compacted: 'good',
  waiting: 'busy',
  hidden: 'bad',
  filtered: 'bad',
};

/** The way of a change to one connection, step by step. */
export function DeliveryCard({
  delivery: { client, state, why, frame, acknowledgedSeq },
}: {
  readonly delivery: Delivery;
}) {
  return (
    <article class="delivery">
      <header>
        <span class={`lamp ${LAMPS[state] ?? ''}`} />
        <h3>
          <span class="mono">{client.clientId.slice(0, 8)}</span> {client.form ?? 'reads nothing'}
        </h3>
        <span class="chip">{state.replace('_', ' ')}</span>
      </header>
      <p>{why}</p>
      <dl class="about">
        <div>
          <dt>Filter</dt>
          <dd>
            <code>{filterText(client) || 'none'}</code>
          </dd>
        </div>
        <div>
          <dt>Cursor</dt>
          <dd>{client.cursor === null ? '–' : countText(client.cursor)}</dd>
        </div>
        <div>
          <dt>Frame</dt>
          <dd>{frame ? `no. ${frame.number}, ${frame.from ?? '…'} → ${frame.to}` : 'none that is still known'}</dd>
        </div>
        {frame && (
          <div>
            <dt>Sent</dt>
            <dd title={frame.sentAt}>{new Date(frame.sentAt).toLocaleTimeString([], { hourCycle: 'h23' })}</dd>
          </div>
        )}
        <div>
          <dt>Acknowledged</dt>
          <dd>
            {frame?.isAcknowledged
              ? 'yes, by a pong'
              : acknowledgedSeq === null
                ? 'no ping since'
                : `up to ${countText(acknowledgedSeq)}`}
          </dd>
        </div>
        <div>
          <dt>Unsent</dt>
          <dd>
            {bytesText(client.unsentBytes)}, {countText(client.lag)} behind
          </dd>
        </div>
      </dl>
    </article>
  );
}
