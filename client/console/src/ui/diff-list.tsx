import type { JsonValue } from '@atome-sync/client';
import { useState } from 'preact/hooks';
import { differencesOf, type Difference } from '../data/diff.js';
import { shortJsonOf } from '../data/names.js';
import { Button } from './button.js';

/** So many lines are shown at once, and so many characters of a value. */
const LINES = 200;
const VALUE = 4_000;

interface DiffListProps {
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
}

/** What is different between two values, a line for each path. */
export function DiffList({ before, after }: DiffListProps) {
  const [shown, show] = useState(LINES);
  const differences = differencesOf(before, after);
  if (differences.length === 0) return <p class="quiet">No difference in the content.</p>;
  return (
    <ul class="diff">
      {differences.slice(0, shown).map((each) => (
        <Line key={each.path.join('.')} {...each} />
      ))}
      {differences.length > shown && (
        <li>
          <Button label="Show more" onClick={() => show(shown + LINES)} />
        </li>
      )}
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
      {before !== undefined && <del>{shortJsonOf(before, VALUE)}</del>}
      {after !== undefined && <ins>{shortJsonOf(after, VALUE)}</ins>}
    </li>
  );
}
