import type { Atome, JsonValue } from '@atome-sync/client';
import { useState } from 'preact/hooks';
import { countText, namesText, shortJsonOf } from '../../data/names.js';
import { useKinds } from '../../data/use-kinds.js';
import { useWorkspace } from '../../data/use-workspace.js';
import { faultsOf } from '../../data/validate.js';
import { Button } from '../../ui/button.js';
import { useKeys } from '../../ui/keys.js';
import { complain } from '../../ui/toasts.js';
import { save } from './actions.js';
import { useDraft, type DraftOf } from './draft.js';
import { FieldsForm } from './fields-form.js';
import { JsonEditor } from './json-editor.js';

/** So many keys that both have changed are asked about at once. */
const CLASHES = 20;

interface EditorProps {
  readonly atome: Atome;
  /** It is not there any more: nothing can be saved. */
  readonly isGone: boolean;
}

/** The data of an atome, as fields or as JSON; both edit the same draft. */
export function Editor({ atome, isGone }: EditorProps) {
  const { client } = useWorkspace();
  const draft = useDraft(atome);
  const info = useKinds().declared[atome.kind];
  const [as, setAs] = useState<'form' | 'json'>('form');
  const [isWrong, setWrong] = useState(false);
  const [reason, setReason] = useState('');
  const schema = info?.schema ?? null;
  const isFaulty = isWrong || faultsOf(draft.data, schema).size > 0;
  const isReady = draft.isChanged && !isFaulty && !isGone && draft.clashes.length === 0;
  const write = (): void => {
    if (!isReady) return;
    void save(client, atome.id, [draft.base, draft.data], reason).then(() => {
      draft.saved();
      setReason('');
    }, complain);
  };
  useKeys({ 'mod s': write, e: () => document.querySelector<HTMLElement>('.editor input, .editor textarea')?.focus() });
  return (
    <div class="editor">
      <div class="segments" role="tablist" aria-label="Edit as">
        {(['form', 'json'] as const).map((each) => (
          <button
            key={each}
            type="button"
            role="tab"
            id={`tab-${each}`}
            class="button plain"
            aria-selected={as === each}
            aria-controls="editor-panel"
            onClick={() => setAs(each)}
          >
            {each === 'form' ? 'Form' : 'JSON'}
          </button>
        ))}
      </div>
      <Meanwhile draft={draft} />
      <div id="editor-panel" role="tabpanel" aria-labelledby={`tab-${as}`} class="editor-panel">
        {as === 'form' ? (
          <FieldsForm data={draft.data} schema={schema} locked={info?.readonly ?? []} onChange={draft.change} />
        ) : (
          <JsonEditor data={draft.data} onChange={draft.change} onFault={setWrong} />
        )}
      </div>
      {(draft.isChanged || isWrong) && (
        <footer class="save">
          <label class="field grow">
            <span class="unseen">Reason</span>
            <input
              placeholder="Reason, for the history"
              value={reason}
              onInput={({ currentTarget }) => setReason(currentTarget.value)}
            />
          </label>
          <Button label="Discard" onClick={draft.discard} />
          <Button label="Save" tone="main" hint="Ctrl S" disabled={!isReady} onClick={write} />
        </footer>
      )}
    </div>
  );
}

/** What others have done while something was being typed. */
function Meanwhile({ draft }: { readonly draft: DraftOf }) {
  const { clashes, taken, decide } = draft;
  if (clashes.length === 0 && taken.length === 0) return null;
  return (
    <div class="notice" role="status">
      {taken.length > 0 && (
        <p>
          Somebody else has changed <strong>{namesText(taken)}</strong> meanwhile. It is merged into what you type.
        </p>
      )}
      {clashes.slice(0, CLASHES).map(({ key, theirs }) => (
        <div key={key} class="clash">
          <p>
            You both changed <strong>{key}</strong>:
          </p>
          <dl>
            <div>
              <dt>Yours</dt>
              <dd>
                <ins>{textOf(draft.data[key])}</ins>
              </dd>
            </div>
            <div>
              <dt>Theirs</dt>
              <dd>
                <del class="plain">{textOf(theirs)}</del>
              </dd>
            </div>
          </dl>
          <Button label="Keep mine" about={`for ${key}`} onClick={() => decide(key, 'mine')} />
          <Button label="Take theirs" about={`for ${key}`} onClick={() => decide(key, 'theirs')} />
        </div>
      ))}
      {clashes.length > CLASHES && <p>And {countText(clashes.length - CLASHES)} more.</p>}
    </div>
  );
}

function textOf(value: JsonValue | undefined): string {
  return value === undefined ? 'taken away' : shortJsonOf(value);
}
