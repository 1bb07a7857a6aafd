import type { JsonValue } from '@atome-sync/client';
import { differencesOf, type Difference } from '../data/diff.js';

interface DiffListProps {
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
}

/** What is different between two values, a line for each path. */
export function DiffList({ before, after }: DiffListProps) {
  const differences = differencesOf(before, after);
  if (differences.length === 0) return <p class="quiet">No difference in the content.</p>;
  return (
    <ul class="diff">
      {differences.map((each) => (
        <Line key={each.path.join('.')} {...each} />
      ))}
    </ul>
  );
}

function Line({ path, before, after }: Difference) {
  const how = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
  return (
    <li class={how}>
      <span class="path">
        <span class="unseen">{how} </span>
        {path.join('.') || 'data'}
      </span>
      {before !== undefined && <del>{JSON.stringify(before)}</del>}
      {after !== undefined && <ins>{JSON.stringify(after)}</ins>}
    </li>
  );
}
