import { Dialog } from './dialog.js';

const KEYS: readonly (readonly [string, string])[] = [
  ['Ctrl K', 'commands, and any atome by its name'],
  ['G, then a letter', 'to a view: A, L, H …'],
  ['/', 'search'],
  ['N', 'new atome'],
  ['↑ ↓, J K', 'in the list'],
  ['Enter', 'open'],
  ['Space, X', 'select; with Shift all between'],
  ['Delete', 'delete what is selected'],
  ['← →', 'close and open in the tree'],
  ['E', 'edit what is open'],
  ['Ctrl S', 'save'],
  ['P', 'pause the stream'],
  ['Escape', 'close what is open'],
  ['?', 'these keys'],
];

/** All keys. */
export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl class="keys">
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
