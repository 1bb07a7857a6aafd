import type { JsonObject } from '@atome-sync/client';
import { useEffect, useState } from 'preact/hooks';
import { isSame } from '../../data/diff.js';
import { jsonText, parseObject } from '../../data/json-text.js';
import { merge } from '../../data/merge.js';

interface JsonEditorProps {
  readonly data: JsonObject;
  readonly onChange: (data: JsonObject) => void;
  readonly onFault: (isWrong: boolean) => void;
}

/** All of the data as one text. While that is no JSON it stays as it is typed; what comes meanwhile is merged in behind it. */
export function JsonEditor({ data, onChange, onFault }: JsonEditorProps) {
  const [typed, set] = useState({ text: jsonText(data), of: data });
  const parsed = parseObject(typed.text);
  const fault = 'fault' in parsed ? parsed.fault : '';
  useEffect(() => onFault(fault !== ''), [fault]);
  useEffect(() => () => onFault(false), []);
  useEffect(() => {
    if ('value' in parsed && !isSame(parsed.value, data)) set({ text: jsonText(data), of: data });
  }, [data]);
  const change = (text: string): void => {
    const next = parseObject(text);
    if ('fault' in next) return set({ text, of: typed.of });
    // what came while the text was no JSON is not in it
    const merged = merge(typed.of, next.value, data).data;
    set({ text: isSame(merged, next.value) ? text : jsonText(merged), of: merged });
    onChange(merged);
  };
  return (
    <div class="json">
      <textarea
        class="mono"
        aria-label="Data, a JSON object"
        aria-invalid={fault !== ''}
        aria-describedby="json-said"
        spellcheck={false}
        value={typed.text}
        onInput={({ currentTarget }) => change(currentTarget.value)}
      />
      <p id="json-said" class={fault ? 'fault' : 'said'} role={fault ? 'alert' : undefined}>
        {fault || 'Valid JSON'}
      </p>
    </div>
  );
}
