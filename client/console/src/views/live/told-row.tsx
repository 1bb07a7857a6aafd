import type { JsonObject } from '@atome-sync/client';
import { useState } from 'preact/hooks';
import { nameOf, namesText, shortOf, timeText } from '../../data/names.js';
import type { Told } from '../../data/stream.js';
import { useWorkspace } from '../../data/use-workspace.js';
import { contentOf } from '../atomes/grid-row.js';
import { addressOf } from '../../route.js';
import { DiffList } from '../../ui/diff-list.js';
import { useLoad } from '../../ui/load.js';
import { Loading } from '../../ui/states.js';

interface ToldRowProps {
  readonly told: Told;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

/** One event of the stream; open, with what it has changed. */
export function ToldRow({ told, isOpen, onToggle }: ToldRowProps) {
  const { type, seq, atomeId, atome, alteration, timestamp, latencyMs, superseded } = told;
  const [isPayload, showPayload] = useState(false);
  return (
    <li class={isOpen ? 'told is-open' : 'told'}>
      <button type="button" class="told-line" aria-expanded={isOpen} onClick={onToggle}>
        <span class="seq mono">{seq}</span>
        <time dateTime={timestamp} title={timestamp}>
          {timeText(timestamp)}
        </time>
        <span class={`chip ${type.replace(':', '-')}`}>{alteration?.operation ?? type.replace('atome:', '')}</span>
        <span class="name">{atome ? nameOf(atome) : atomeId}</span>
        <span class="content">
          {alteration ? shortOf(alteration.changes as JsonObject) : atome ? contentOf(atome.data) : ''}
        </span>
        <span class="by">{alteration?.author ?? ''}</span>
        <span class="latency mono">{latencyMs === null ? '' : `${latencyMs} ms`}</span>
      </button>
      {isOpen && (
        <div class="told-body">
          {superseded.length > 0 && <p class="fault">Lost against a newer write: {namesText(superseded)}</p>}
          {atome && <Changed told={told} />}
          <p class="actions">
            <a class="button plain" href={addressOf('atomes', atomeId)}>
              Open
            </a>
            <a class="button plain" href={addressOf('history', atomeId, { version: String(atome?.version ?? '') })}>
              History
            </a>
            <a class="button plain" href={addressOf('explain', '', { seq: String(seq) })}>
              Explain
            </a>
          </p>
          <details onToggle={({ currentTarget }) => showPayload(currentTarget.open)}>
            <summary>Payload</summary>
            {isPayload && <pre>{JSON.stringify({ type, seq, timestamp, atomeId, alteration, atome }, null, 2)}</pre>}
          </details>
        </div>
      )}
    </li>
  );
}

function Changed({ told: { atome, atomeId } }: Pick<ToldRowProps, 'told'>) {
  const { remote } = useWorkspace();
  const version = (atome?.version ?? 1) - 1;
  const { value, isLoading, error } = useLoad(`${atomeId} ${version}`, async () => {
    if (version === 0) return {};
    const answer = await remote.get(atomeId, { version });
    if (!answer.success) throw new Error(answer.error);
    return answer.atome.data;
  });
  if (isLoading) return <Loading label="Loading the version before" rows={2} />;
  if (error) return <p class="quiet">The version before cannot be had: {error.message}</p>;
  return <DiffList before={value} after={atome?.data} />;
}
