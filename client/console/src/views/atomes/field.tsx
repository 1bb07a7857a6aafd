import type { JsonValue } from '@atome-sync/client';
import { useId, useState } from 'preact/hooks';
import { shortOf } from '../../data/names.js';
import { isSame } from '../../data/diff.js';
import { typesOf, type Schema } from '../../data/validate.js';

interface FieldProps {
  readonly name: string;
  /** undefined: it is not there. */
  readonly value: JsonValue | undefined;
  readonly rule: Schema;
  readonly isRequired: boolean;
  readonly isLocked: boolean;
  readonly fault: string | undefined;
  readonly onChange: (value: JsonValue) => void;
}

/** One key of an atome, edited by what it is. */
export function Field(props: FieldProps) {
  const { name, rule, isRequired, isLocked, fault } = props;
  const id = useId();
  const said = `${id}-said`;
  return (
    <div class="field grow">
      <label for={id}>
        {rule.title ?? name}
        {isRequired && <span aria-hidden="true"> *</span>}
        {isLocked && <span class="quiet"> read only</span>}
      </label>
      <Control {...props} id={id} said={said} />
      {(fault ?? rule.description) && (
        <p id={said} class={fault ? 'fault' : 'said'}>
          {fault ?? rule.description}
        </p>
      )}
    </div>
  );
}

type ControlProps = FieldProps & { readonly id: string; readonly said: string };

function Control(props: ControlProps) {
  const { value, rule, isLocked, isRequired, fault, id, said, onChange } = props;
  const shared = {
    id,
    disabled: isLocked,
    required: isRequired,
    'aria-invalid': fault !== undefined,
    'aria-describedby': said,
  };
  switch (kindOf(value, rule)) {
    case 'choice':
      return (
        <select
          {...shared}
          value={value === undefined ? '' : JSON.stringify(value)}
          onChange={({ currentTarget }) => onChange(JSON.parse(currentTarget.value) as JsonValue)}
        >
          {value === undefined && <option value="" />}
          {rule.enum?.map((choice) => (
            <option key={shortOf(choice)} value={JSON.stringify(choice)}>
              {shortOf(choice)}
            </option>
          ))}
        </select>
      );
    case 'boolean':
      return (
        <input
          {...shared}
          required={false}
          type="checkbox"
          role="switch"
          checked={value === true}
          onChange={({ currentTarget }) => onChange(currentTarget.checked)}
        />
      );
    case 'text':
      return <TextControl {...props} shared={shared} />;
    default:
      return <JsonControl {...props} shared={shared} />;
  }
}

function kindOf(value: JsonValue | undefined, rule: Schema): 'choice' | 'boolean' | 'text' | 'json' {
  if (rule.enum) return 'choice';
  const [type = value === undefined ? 'string' : typeof value] = typesOf(rule);
  if (typeof value === 'boolean' || (value === undefined && type === 'boolean')) return 'boolean';
  if (typeof value === 'string' || (value === undefined && type === 'string')) return 'text';
  return 'json';
}

type SharedProps = ControlProps & { readonly shared: object };

function TextControl({ value, shared, onChange }: SharedProps) {
  const text = (value ?? '') as string;
  const isLong = text.length > 60 || text.includes('\n');
  const change = ({ currentTarget }: { readonly currentTarget: HTMLInputElement | HTMLTextAreaElement }): void =>
    onChange(currentTarget.value);
  return isLong ? (
    <textarea {...shared} rows={Math.min(8, 2 + text.split('\n').length)} value={text} onInput={change} />
  ) : (
    <input {...shared} value={text} autocomplete="off" onInput={change} />
  );
}

/** Numbers, lists and the rest, as JSON. What is no JSON yet stays as it is typed, and changes nothing. */
function JsonControl({ value, shared, onChange }: SharedProps) {
  const [typed, setTyped] = useState<string>();
  const isNest = typeof value === 'object' && value !== null;
  const parsed = typed === undefined ? undefined : parse(typed);
  const text = typed !== undefined && (parsed === undefined || isSame(parsed, value)) ? typed : textOf(value);
  const change = ({ currentTarget }: { readonly currentTarget: HTMLInputElement | HTMLTextAreaElement }): void => {
    setTyped(currentTarget.value);
    const next = parse(currentTarget.value);
    if (next !== undefined) onChange(next);
  };
  const isWrong = typed !== undefined && parsed === undefined;
  return (
    <>
      {isNest ? (
        <textarea {...shared} class="mono" rows={4} spellcheck={false} value={text} onInput={change} />
      ) : (
        <input {...shared} class="mono" autocomplete="off" value={text} onInput={change} />
      )}
      {isWrong && <p class="fault">not saved: this is no JSON yet; a text needs quotes</p>}
    </>
  );
}

function textOf(value: JsonValue | undefined): string {
  return value === undefined ? '' : JSON.stringify(value, null, typeof value === 'object' ? 2 : 0);
}

function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
