import type { Alteration, Atome, JsonValue } from '@atome-sync/client';
import { useState } from 'preact/hooks';
import { useWorkspace } from '../../data/use-workspace.js';
import { Button } from '../../ui/button.js';
import { Ask } from '../../ui/dialog.js';
import { DiffList } from '../../ui/diff-list.js';
import { useLoad } from '../../ui/load.js';
import { Loading } from '../../ui/states.js';
import { restore } from '../atomes/actions.js';
import { ReasonField } from '../atomes/dialogs.js';

interface ComparisonProps {
  readonly id: string;
  readonly alterations: readonly Alteration[];
  readonly version: number;
  /** What it is compared with; 0 for nothing. */
  readonly beside: number;
  readonly onBeside: (version: number) => void;
  readonly canRestore: boolean;
}

/** One version of an atome beside another, and the way back to it. */
export function Comparison({ id, alterations, version, beside, onBeside, canRestore }: ComparisonProps) {
  const { client } = useWorkspace();
  const [isAsking, setAsking] = useState(false);
  const now = useVersion(id, version);
  const before = useVersion(id, beside);
  const isDelete = alterations.find((each) => each.version === version)?.operation === 'delete';
  const error = now.error ?? before.error;
  return (
    <div class="comparison">
      <div class="toolbar-row">
        <h2>Difference</h2>
        <label class="select">
          <span class="unseen">Compare with</span>
          <select value={String(beside)} onChange={({ currentTarget }) => onBeside(Number(currentTarget.value))}>
            <option value="0">from nothing</option>
            {alterations
              .filter((each) => each.version !== version)
              .map((each) => (
                <option key={each.seq} value={String(each.version)}>
                  from version {each.version}
                </option>
              ))}
          </select>
        </label>
        <span class="grow" />
        {canRestore && !isDelete && (
          <Button icon="restore" label={`Restore version ${version}`} tone="main" onClick={() => setAsking(true)} />
        )}
      </div>
      {error && <p class="fault">{error.message}</p>}
      {now.isLoading || before.isLoading ? (
        <Loading label="Loading versions" rows={3} />
      ) : (
        !error && <DiffList before={before.value} after={now.value} />
      )}
      <h2>As it was at version {version}</h2>
      {now.value !== undefined && <pre>{JSON.stringify(now.value, null, 2)}</pre>}
      {isAsking && (
        <Ask
          title={`Restore version ${version}?`}
          action="Restore"
          onClose={() => setAsking(false)}
          onDo={(form) => restore(client, id, version, ((form.get('reason') ?? '') as string).trim())}
        >
          <p class="quiet">It becomes a new version; nothing of the history is lost.</p>
          <ReasonField />
        </Ask>
      )}
    </div>
  );
}

/** Versions never change: each is read once. */
const versions = new Map<string, JsonValue>();

function useVersion(id: string, version: number) {
  const { remote } = useWorkspace();
  return useLoad<JsonValue>(`version ${id} ${version}`, async () => {
    if (version === 0) return {};
    const key = `${id} ${version}`;
    const known = versions.get(key);
    if (known !== undefined) return known;
    const answer = await remote.get(id, { version });
    if (!answer.success) throw new Error(answer.error);
    const shown = shownOf(answer.atome);
    versions.set(key, shown);
    return shown;
  });
}

/** What a version holds: its data, and of the rest what can change. */
function shownOf({ kind, type, data, meta, parentId, deletedAt }: Atome): JsonValue {
  return {
    kind,
    ...(type !== null && { type }),
    ...(parentId !== null && { parentId }),
    data,
    meta,
    ...(deletedAt !== null && { deletedAt }),
  };
}
