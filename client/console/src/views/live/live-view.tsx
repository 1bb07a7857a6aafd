import { useEffect, useMemo, useState } from 'preact/hooks';
import { readFilter } from '../../data/filter-text.js';
import { countText } from '../../data/names.js';
import { openStream, type Stream, type Told } from '../../data/stream.js';
import { useWorkspace } from '../../data/use-workspace.js';
import { useValue } from '../../data/value.js';
import { goInstead, route } from '../../route.js';
import { Button } from '../../ui/button.js';
import { useKeys } from '../../ui/keys.js';
import { Blank, Loading } from '../../ui/states.js';
import { FilterField } from '../atomes/toolbar.js';
import { Chart } from './chart.js';
import { ToldRow } from './told-row.js';

/** What is told, as it comes: what this user may see, by a condition of their own. */
export function LiveView() {
  const workspace = useWorkspace();
  const text = useValue(route).query.get('filter') ?? '';
  const filter = useMemo(() => readFilter(text), [text]);
  const key = JSON.stringify(filter.where);
  const [stream, setStream] = useState<Stream>();
  useEffect(() => {
    // a condition that is being typed is not asked for yet
    if (filter.where === undefined && filter.fault !== undefined) return undefined;
    let opened: Stream | undefined;
    const timer = setTimeout(() => setStream((opened = openStream(workspace, filter.where))), text === '' ? 0 : 400);
    return () => {
      clearTimeout(timer);
      opened?.close();
    };
  }, [workspace, key, filter.where === undefined && filter.fault]);
  return (
    <section class="view live" aria-label="Live">
      {stream ? <Shown stream={stream} filter={filter} text={text} /> : <Loading label="Opening the stream" />}
    </section>
  );
}

interface ShownProps {
  readonly stream: Stream;
  readonly filter: ReturnType<typeof readFilter>;
  readonly text: string;
}

function Shown({ stream, filter, text }: ShownProps) {
  const { told, total, byType, isConnected } = useValue(stream.state);
  const [paused, setPaused] = useState<readonly Told[]>();
  const [openKey, setOpen] = useState(0);
  const shown = paused ?? told;
  const pause = (): void => setPaused(paused ? undefined : told);
  const behind = paused ? told.filter(({ key }) => key > (paused[0]?.key ?? 0)).length : 0;
  useKeys({ p: pause });
  return (
    <>
      <header class="toolbar">
        <div class="toolbar-row">
          <h1>
            Live <span class={isConnected ? 'lamp good' : 'lamp bad'} />
            <span class="unseen">{isConnected ? 'connected' : 'not connected'}</span>
          </h1>
          <span class="counters" role="status">
            <span class="chip">{countText(total)} told</span>
            {[...byType].map(([type, count]) => (
              <span key={type} class={`chip ${type.replace(':', '-')}`}>
                {countText(count)} {type.replace('atome:', '')}
              </span>
            ))}
          </span>
          <span class="grow" />
          <Button
            icon={paused ? 'play' : 'pause'}
            label={paused ? `Go on${behind > 0 ? ` (${behind} new)` : ''}` : 'Pause'}
            hint="P"
            isPressed={paused !== undefined}
            onClick={pause}
          />
          <Button label="Clear" onClick={stream.clear} />
        </div>
        <div class="toolbar-row">
          <FilterField text={text} filter={filter} onChange={(next) => goInstead('live', '', { filter: next })} />
          <Chart stream={stream} />
        </div>
      </header>
      {shown.length === 0 ? (
        <Blank icon="live" title="Nothing has happened yet">
          <p>Change something here or in another window: it shows as it is committed.</p>
        </Blank>
      ) : (
        <ol class="stream" aria-label="What was told, the latest first">
          {shown.slice(0, 200).map((each) => (
            <ToldRow
              key={each.key}
              told={each}
              isOpen={each.key === openKey}
              onToggle={() => setOpen(each.key === openKey ? 0 : each.key)}
            />
          ))}
        </ol>
      )}
    </>
  );
}
