import type { JsonObject } from '@atome-sync/client';
import { useId, useState } from 'preact/hooks';
import { parseObject } from '../../data/json-text.js';
import { useKinds } from '../../data/use-kinds.js';
import { useWorkspace } from '../../data/use-workspace.js';
import { faultsOf } from '../../data/validate.js';
import { go } from '../../route.js';
import { Ask } from '../../ui/dialog.js';
import { say } from '../../ui/toasts.js';
import { FieldsForm } from './fields-form.js';
import { ParentField } from './parent-field.js';

interface CreateDialogProps {
  readonly kind: string;
  readonly onClose: () => void;
}

/** Asks for a new atome: fields by the schema of its kind where there is one, else a name and JSON. */
export function CreateDialog({ kind: first, onClose }: CreateDialogProps) {
  const { client } = useWorkspace();
  const { counts, declared } = useKinds();
  const [kind, setKind] = useState(first || 'note');
  const info = declared[kind];
  const schema = info?.schema ?? null;
  const [fields, setFields] = useState<JsonObject>({});
  const kinds = useId();

  const create = async (form: FormData): Promise<void> => {
    const data = schema ? { ...(info?.defaults as JsonObject), ...fields } : dataIn(form);
    const faults = faultsOf(data, schema);
    if (faults.size > 0) throw new Error([...faults].map(([key, fault]) => `${key} ${fault}`).join('; '));
    const parentId = (form.get('parentId') as string).trim() || null;
    const { id } = await client.create({ kind, data, parentId });
    say('Created');
    go('atomes', id);
  };
  return (
    <Ask title="New atome" action="Create" onClose={onClose} onDo={create}>
      <label class="field">
        Kind
        <input
          value={kind}
          list={kinds}
          required
          pattern="[A-Za-z0-9_.:\-]{1,64}"
          autocomplete="off"
          onInput={({ currentTarget }) => setKind(currentTarget.value)}
        />
        <datalist id={kinds}>
          {[...new Set([...Object.keys(declared), ...counts.keys()])].map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </label>
      {schema ? (
        <FieldsForm data={fields} schema={schema} locked={info?.readonly ?? []} onChange={setFields} />
      ) : (
        <Free />
      )}
      <ParentField label="Parent, empty for none" />
    </Ask>
  );
}

function Free() {
  return (
    <>
      <label class="field">
        Name
        <input name="name" autofocus autocomplete="off" />
      </label>
      <label class="field">
        Content, a JSON object
        <textarea name="data" class="mono" rows={5} spellcheck={false} placeholder={'{ "done": false }'} />
      </label>
    </>
  );
}

/** @throws Error where the content is no object. */
function dataIn(form: FormData): JsonObject {
  const [name, text] = ['name', 'data'].map((field) => ((form.get(field) ?? '') as string).trim()) as [string, string];
  const parsed = text === '' ? { value: {} } : parseObject(text);
  if ('fault' in parsed) throw new Error(`The content is no JSON: ${parsed.fault}`);
  return { ...(name && { name }), ...parsed.value };
}
