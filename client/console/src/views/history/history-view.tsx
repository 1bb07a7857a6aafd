import type { Alteration } from '@atome-sync/client';
import { useMemo } from 'preact/hooks';
import { nameOf, timeText } from '../../data/names.js';
import { useQuery } from '../../data/use-query.js';
import { useValue } from '../../data/value.js';
import { useWorkspace } from '../../data/use-workspace.js';
import { addressOf, goInstead, route } from '../../route.js';
import { Icon } from '../../ui/icons.js';
import { KindChip } from '../../ui/kind-chip.js';
import { useLoad } from '../../ui/load.js';
import { Blank, Loading } from '../../ui/states.js';
import { Comparison } from './comparison.js';

/** As many alterations are read at once. */
const PAGE = 200;

/** What was done to one atome: by whom, why, and what it was at each time. */
export function HistoryView() {
  const { id } = useValue(route);
  return (
    <section class="view" aria-label="History">
      {id === '' ? <Choose /> : <OfOne key={id} id={id} />}
    </section>
  );
}

function Choose() {
  const { client } = useWorkspace();
  const { atomes, isRead } = useQuery(client, { sort: '-updatedAt', limit: 30 }, 'recent');
  return (
    <>
      <header class="toolbar">
        <div class="toolbar-row">
          <h1>History</h1>
          <span class="quiet">Choose an atome: those that changed last come first.</span>
        </div>
      </header>
      {!isRead && <Loading label="Loading atomes" />}
      {isRead && atomes.length === 0 && <Blank icon="history" title="There is no history yet" />}
      <ul class="stream">
        {atomes.map((atome) => (
          <li key={atome.id}>
            <a class="told-line recent" href={addressOf('history', atome.id)}>
              <span class="name">{nameOf(atome)}</span>
              <KindChip kind={atome.kind} />
              <span class="quiet">{atome.version === 1 ? '1 version' : `${atome.version} versions`}</span>
              <time dateTime={atome.updatedAt}>{timeText(atome.updatedAt)}</time>
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}

function OfOne({ id }: { readonly id: string }) {
  const { client, remote } = useWorkspace();
  const { query } = useValue(route);
  const { atomes } = useQuery(client, { ids: [id] }, id);
  const atome = atomes[0];
  // read anew whenever it is another version
  const { value, error, isLoading, again } = useLoad(`history ${id} ${atome?.version ?? ''}`, async () => {
    const answer = await remote.history(id, { limit: PAGE });
    if (!answer.success) throw new Error(answer.error);
    return answer;
  });
  const known = useKept(value?.alterations, id);
  if (!known && error) {
    return (
      <Blank icon="history" title="The history cannot be had">
        <p>{error.message}</p>
        <button type="button" class="button main" onClick={again}>
          Try again
        </button>
      </Blank>
    );
  }
  if (!known) return <Loading label="Loading the history" rows={10} />;
  const [newest] = known;
  const asked = Number(query.get('version'));
  const version = known.some((each) => each.version === asked) ? asked : (newest?.version ?? 1);
  const beside = Number(query.get('with')) || Math.max(0, version - 1);
  const show = (next: { version?: number; with?: number }): void =>
    goInstead('history', id, {
      version: String(next.version ?? version),
      with: next.with === undefined ? '' : String(next.with),
    });
  return (
    <>
      <header class="toolbar">
        <div class="toolbar-row">
          <h1>
            <span>{atome ? nameOf(atome) : id}</span>
            <span class="count">{newest?.version ?? 0} versions</span>
          </h1>
          <span class="grow" />
          {isLoading && <span class="quiet">reading …</span>}
          <a class="button plain" href={addressOf('atomes', id)}>
            <Icon name="edit" />
            <span>Open</span>
          </a>
        </div>
        <Slider alterations={known} version={version} onMove={(next) => show({ version: next })} />
      </header>
      <div class="history">
        <Timeline alterations={known} version={version} onChoose={(next) => show({ version: next })} />
        <Comparison
          id={id}
          alterations={known}
          version={version}
          beside={beside}
          onBeside={(next) => show({ with: next })}
          canRestore={version !== newest?.version}
        />
      </div>
    </>
  );
}

/** The last that was read of one atome, while it is read anew. */
function useKept(value: readonly Alteration[] | undefined, id: string): readonly Alteration[] | undefined {
  const kept = useMemo<{ value: readonly Alteration[] | undefined }>(() => ({ value: undefined }), [id]);
  if (value) kept.value = value;
  return kept.value;
}

interface SliderProps {
  readonly alterations: readonly Alteration[];
  readonly version: number;
  readonly onMove: (version: number) => void;
}

function Slider({ alterations, version, onMove }: SliderProps) {
  const first = alterations.at(-1)?.version ?? 1;
  const last = alterations[0]?.version ?? 1;
  const shown = alterations.find((each) => each.version === version);
  return (
    <div class="slider">
      <label>
        <span class="unseen">Version</span>
        <input
          type="range"
          min={first}
          max={last}
          value={version}
          disabled={first === last}
          aria-valuetext={shown ? `version ${version}, ${shown.operation} by ${shown.author}` : `version ${version}`}
          onInput={({ currentTarget }) => onMove(Number(currentTarget.value))}
        />
      </label>
      <p>
        <strong>Version {version}</strong>
        {shown && (
          <>
            {' '}
            · {shown.operation} by {shown.author} ·{' '}
            <time dateTime={shown.timestamp}>{new Date(shown.timestamp).toLocaleString()}</time>
            {shown.reason && <q>{shown.reason}</q>}
          </>
        )}
      </p>
    </div>
  );
}

interface TimelineProps {
  readonly alterations: readonly Alteration[];
  readonly version: number;
  readonly onChoose: (version: number) => void;
}

function Timeline({ alterations, version, onChoose }: TimelineProps) {
  return (
    <ol class="timeline" aria-label="Versions, the newest first">
      {alterations.map(({ seq, version: each, operation, author, reason, timestamp, superseded }) => (
        <li key={seq}>
          <button type="button" aria-current={each === version ? 'true' : undefined} onClick={() => onChoose(each)}>
            <span class="mono">{each}</span>
            <span>
              <strong>{operation}</strong> by {author}
              {reason && <q>{reason}</q>}
              {superseded.length > 0 && <span class="fault"> lost: {superseded.join(', ')}</span>}
            </span>
            <time dateTime={timestamp} title={timestamp}>
              {timeText(timestamp)}
            </time>
          </button>
        </li>
      ))}
    </ol>
  );
}
