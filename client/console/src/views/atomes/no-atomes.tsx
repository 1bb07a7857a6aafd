import { useWorkspace } from '../../data/use-workspace.js';
import { useValue } from '../../data/value.js';
import { tryNow } from '../../data/workspace.js';
import { Button } from '../../ui/button.js';
import { Blank, Loading } from '../../ui/states.js';
import type { ListQuery } from './list-query.js';

interface NoAtomesProps {
  readonly query: ListQuery;
  /** Whether all that there is is here. */
  readonly isRead: boolean;
  readonly onChange: (next: Partial<ListQuery>) => void;
}

/** An empty list, and why it is empty. */
export function NoAtomes({ query, isRead, onChange }: NoAtomesProps) {
  const { standing } = useWorkspace();
  const { status } = useValue(standing);
  if (!isRead && status.state === 'offline') {
    return (
      <Blank icon="cloud" title="Nothing is here yet">
        <p>The server cannot be reached. What you create now is sent as soon as it can be.</p>
        <Button icon="refresh" label="Try now" tone="main" onClick={tryNow} />
      </Blank>
    );
  }
  if (!isRead) return <Loading label="Loading atomes" rows={12} />;
  if (query.search || query.filter || query.kind) {
    return (
      <Blank icon="search" title="Nothing matches">
        <p>No atome has all of what is asked for.</p>
        <Button label="Show all" onClick={() => onChange({ search: '', filter: '', kind: '' })} />
      </Blank>
    );
  }
  return (
    <Blank icon="atomes" title="No atomes yet">
      <p>
        Press <kbd>N</kbd> to create one, here or in another window: it shows in both.
      </p>
      <pre class="sample">{`curl -X POST ${location.origin}${location.pathname}api/atome/create \\
  -H 'Content-Type: application/json' \\
  -d '{"kind":"note","data":{"title":"Hello"}}'`}</pre>
    </Blank>
  );
}
