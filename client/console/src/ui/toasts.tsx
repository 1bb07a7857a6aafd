import { createValue, useValue } from '../data/value.js';
import { Button } from './button.js';

interface Toast {
  readonly key: number;
  readonly text: string;
  readonly tone: 'good' | 'bad';
  readonly undo: (() => unknown) | undefined;
}

const toasts = createValue<readonly Toast[]>([]);
let made = 0;

/** How long what went well is shown, in milliseconds; what did not stays until it is closed. */
const SHOWN_MS = 6_000;

/** Says what has happened. @param undo takes it back. */
export function say(text: string, undo?: () => unknown): void {
  const key = add({ text, tone: 'good', undo });
  setTimeout(() => close(key), SHOWN_MS);
}

/** Says what went wrong. */
export function complain(thrown: unknown): void {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  if (toasts.get().some((toast) => toast.text === text)) return;
  add({ text, tone: 'bad', undo: undefined });
}

function add(toast: Omit<Toast, 'key'>): number {
  made += 1;
  toasts.set([...toasts.get().slice(-3), { ...toast, key: made }]);
  return made;
}

function close(key: number): void {
  toasts.set(toasts.get().filter((toast) => toast.key !== key));
}

/** What has been said, at the edge of the window. */
export function Toasts() {
  const shown = useValue(toasts);
  return (
    <div class="toasts" role="log" aria-label="Notices" aria-live="polite">
      {shown.map(({ key, text, tone, undo }) => (
        <div key={key} class={`toast ${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
          <span>{text}</span>
          {undo && (
            <Button
              label="Undo"
              onClick={() => {
                close(key);
                void undo();
              }}
            />
          )}
          <Button icon="close" label="Dismiss" isBare onClick={() => close(key)} />
        </div>
      ))}
    </div>
  );
}
