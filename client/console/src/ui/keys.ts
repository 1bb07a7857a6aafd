import { useLayoutEffect } from 'preact/hooks';

/** What is done at a key, or at two in a row such as `g l`. */
export type Keys = Readonly<Record<string, () => unknown>>;

/** How long the second key of two may take, in milliseconds. */
const CHORD_MS = 1_200;

/** Those of all that is shown; the latest comes first. */
let bound: readonly Keys[] = [];
let previous = { key: '', at: 0 };

addEventListener('keydown', (event) => {
  const isModified = event.ctrlKey || event.metaKey;
  if (event.altKey || event.defaultPrevented) return;
  const isTyping = event.target instanceof Element && event.target.closest('input, textarea, select') !== null;
  const isInDialog = document.querySelector('dialog[open]') !== null;
  if ((isTyping || isInDialog) && !isModified) return;
  const key = isModified ? `mod ${event.key.toLowerCase()}` : event.key;
  const chord = Date.now() - previous.at < CHORD_MS ? `${previous.key} ${key}` : '';
  previous = { key, at: Date.now() };
  const run = bound.map((keys) => keys[chord]).find(Boolean) ?? bound.map((keys) => keys[key]).find(Boolean);
  if (!run) return;
  event.preventDefault();
  run();
});

/** Listens to keys as long as nothing is being typed and no dialog is open. `mod` is Ctrl, or ⌘. */
export function useKeys(keys: Keys): void {
  useLayoutEffect(() => {
    bound = [keys, ...bound];
    return () => void (bound = bound.filter((each) => each !== keys));
  });
}
