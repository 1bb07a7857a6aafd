import type { UnsentWrite } from '@atome-sync/client';
import { useEffect, useState } from 'preact/hooks';
import { countText, durationText, timeText } from '../data/names.js';
import { useWorkspace } from '../data/use-workspace.js';
import { useNow, useValue } from '../data/value.js';
import { tryNow, type Standing } from '../data/workspace.js';
import { Button } from './button.js';
import { Dialog } from './dialog.js';
import { complain } from './toasts.js';

const WORDS: Readonly<Record<Standing['status']['state'], string>> = {
  live: 'Connected',
  'catching-up': 'Catching up',
  connecting: 'Connecting',
  offline: 'Disconnected',
  stopped: 'Stopped',
};

/** How it stands with the server, in a word; it opens what waits to be sent. */
export function ConnectionChip() {
  const { standing } = useWorkspace();
  const { status } = useValue(standing);
  const [isOpen, setOpen] = useState(false);
  const { state, pending, rejected } = status;
  return (
    <>
      <button type="button" class="connection" title="What waits to be sent" onClick={() => setOpen(true)}>
        <span
          class={`lamp ${state === 'live' ? 'good' : state === 'offline' || state === 'stopped' ? 'bad' : 'busy'}`}
        />
        <span role="status">{WORDS[state]}</span>
        {pending > 0 && <span class="count">{countText(pending)} to send</span>}
        {rejected > 0 && <span class="count bad">{countText(rejected)} refused</span>}
      </button>
      {isOpen && <Outbox onClose={() => setOpen(false)} />}
    </>
  );
}

/** Says since when the server is away, when it is tried again, and tries at once when asked to. */
export function AwayBar() {
  const { standing } = useWorkspace();
  const { status, since, isUp } = useValue(standing);
  const now = useNow(1_000);
  if (isUp || status.state === 'stopped' || now - since < 1_500) return null;
  const next = status.state === 'offline' ? status.nextAttemptAt : undefined;
  return (
    <div class="away" role="alert" aria-live="off">
      <span>
        <strong>The server is away</strong> since {timeText(since)} ({durationText(now - since)}).{' '}
        {next === undefined
          ? 'Trying now …'
          : next === null
            ? 'The device is offline; it is tried again when it is back.'
            : `Next attempt in ${durationText(next - now)}.`}
        {status.pending > 0 && ` ${countText(status.pending)} changes wait here.`}
      </span>
      <Button icon="refresh" label="Try now" onClick={tryNow} />
    </div>
  );
}

function Outbox({ onClose }: { readonly onClose: () => void }) {
  const { client, standing } = useWorkspace();
  const { status } = useValue(standing);
  const [waiting, setWaiting] = useState<readonly UnsentWrite[]>([]);
  const [refused, setRefused] = useState<Awaited<ReturnType<typeof client.rejected>>>([]);
  const { pending, rejected } = status;
  useEffect(() => {
    void client.pending().then(setWaiting);
    void client.rejected().then(setRefused);
  }, [client, pending, rejected]);
  return (
    <Dialog title="Connection" kind="large" onClose={onClose}>
      <dl class="about">
        <div>
          <dt>State</dt>
          <dd>{WORDS[status.state]}</dd>
        </div>
        <div>
          <dt>Up to seq</dt>
          <dd>{countText(status.lastSeq)}</dd>
        </div>
        <div>
          <dt>Clock ahead</dt>
          <dd>{status.clockSkewMs === null ? 'not known' : `${Math.round(status.clockSkewMs)} ms`}</dd>
        </div>
        {'reason' in status && (
          <div>
            <dt>Why</dt>
            <dd>{status.reason}</dd>
          </div>
        )}
      </dl>
      <h3>To send</h3>
      {waiting.length === 0 && <p class="quiet">Everything is at the server.</p>}
      <ul class="plain-list">
        {waiting.slice(0, 50).map(({ operation, error }) => (
          <li key={operation.opId}>
            <span>
              <strong>{operation.operation}</strong> <code>{operation.atomeId}</code>
              {error && <span class="fault"> {error.message}</span>}
            </span>
            <Button label="Take back" onClick={() => void client.discard(operation.opId).catch(complain)} />
          </li>
        ))}
      </ul>
      <h3>Refused</h3>
      {refused.length === 0 && <p class="quiet">Nothing was refused.</p>}
      <ul class="plain-list">
        {refused.slice(0, 50).map(({ operation, error }) => (
          <li key={operation.opId}>
            <span>
              <strong>{operation.operation}</strong> <code>{operation.atomeId}</code>
              <span class="fault"> {error.message}</span>
            </span>
            <Button label="Send again" onClick={() => void client.retry(operation.opId).catch(complain)} />
            <Button label="Forget" onClick={() => void client.discard(operation.opId).catch(complain)} />
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
