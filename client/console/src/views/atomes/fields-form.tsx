import type { JsonObject, JsonValue } from '@atome-sync/client';
import { useState } from 'preact/hooks';
import { faultsOf, type Schema } from '../../data/validate.js';
import { Button } from '../../ui/button.js';
import { Field } from './field.js';

/** So many fields are shown at once. */
const FIELDS = 200;

interface FieldsFormProps {
  readonly data: JsonObject;
  readonly schema: Schema | null;
  /** Keys that others write. */
  readonly locked: readonly string[];
  readonly onChange: (data: JsonObject) => void;
}

/** A field for each key: those of the schema first, then what else there is. */
export function FieldsForm({ data, schema, locked, onChange }: FieldsFormProps) {
  const [shown, show] = useState(FIELDS);
  const [newKey, setNewKey] = useState('');
  const faults = faultsOf(data, schema);
  const declared = Object.keys(schema?.properties ?? {});
  const keys = [...new Set([...declared, ...Object.keys(data)])];
  const set = (key: string, value: JsonValue): void => onChange({ ...data, [key]: value });
  const remove = (key: string): void => {
    const { [key]: _gone, ...rest } = data;
    onChange(rest);
  };
  const add = (): void => {
    if (newKey.trim() !== '' && data[newKey.trim()] === undefined) set(newKey.trim(), '');
    setNewKey('');
  };
  return (
    <div class="fields">
      {keys.slice(0, shown).map((key) => (
        <div key={key} class="field-row">
          <Field
            name={key}
            value={data[key]}
            rule={schema?.properties?.[key] ?? {}}
            isRequired={schema?.required?.includes(key) ?? false}
            isLocked={locked.includes(key)}
            fault={faults.get(key)}
            onChange={(value) => set(key, value)}
          />
          {data[key] !== undefined && !locked.includes(key) && (
            <Button icon="close" label={`Remove ${key}`} isBare onClick={() => remove(key)} />
          )}
        </div>
      ))}
      {keys.length > shown && <Button label="Show more" onClick={() => show(shown + FIELDS)} />}
      <div class="field-row">
        <label class="field grow">
          <span class="unseen">New key</span>
          <input
            placeholder="New key"
            value={newKey}
            onInput={({ currentTarget }) => setNewKey(currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter') return;
              event.preventDefault();
              add();
            }}
          />
        </label>
        <Button icon="plus" label="Add key" onClick={add} />
      </div>
    </div>
  );
}
