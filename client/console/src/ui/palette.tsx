import { useState } from 'preact/hooks';
import { nameOf } from '../data/names.js';
import { useQuery } from '../data/use-query.js';
import { useWorkspace } from '../data/use-workspace.js';
import { tryNow } from '../data/workspace.js';
import { go } from '../route.js';
import { signOut, type Session } from '../session/session.js';
import { VIEWS } from '../views/views.js';
import { Dialog } from './dialog.js';
import { Icon, type IconName } from './icons.js';
import { nextTheme } from './theme.js';

interface Command {
  readonly key: string;
  readonly label: string;
  readonly about: string;
  readonly icon: IconName;
  readonly run: () => unknown;
}

interface PaletteProps {
  readonly onClose: () => void;
  readonly onHelp: () => void;
}

const SHOWN = 12;

/** Everything by its name: views, commands, and atomes. */
export function Palette({ onClose, onHelp }: PaletteProps) {
  const { client, session } = useWorkspace();
  const [text, setText] = useState('');
  const [chosen, choose] = useState(0);
  const { atomes } = useQuery(client, { sort: '-updatedAt' }, 'palette');
  const needle = text.trim().toLowerCase();
  const commands = commandsOf(session, onHelp);
  const found: Command[] = commands.filter(({ label }) => label.toLowerCase().includes(needle));
  for (const atome of atomes) {
    if (found.length >= SHOWN) break;
    const name = nameOf(atome);
    if (!name.toLowerCase().includes(needle) && !atome.id.startsWith(needle)) continue;
    found.push({ key: atome.id, label: name, about: atome.kind, icon: 'atomes', run: () => go('atomes', atome.id) });
  }
  const at = Math.min(chosen, found.length - 1);
  const press = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) choose((at + step + found.length) % Math.max(1, found.length));
    else if (event.key === 'Enter' && found[at]) {
      onClose();
      found[at].run();
    } else return;
    event.preventDefault();
  };
  return (
    <Dialog title="Commands" kind="palette" onClose={onClose}>
      <label class="field-with-icon">
        <span class="unseen">Command or atome</span>
        <Icon name="search" />
        <input
          autofocus
          role="combobox"
          aria-expanded="true"
          aria-controls="found"
          aria-activedescendant={found[at] ? `found-${at}` : undefined}
          autocomplete="off"
          placeholder="Go to a view, an atome, a command …"
          value={text}
          onInput={({ currentTarget }) => {
            setText(currentTarget.value);
            choose(0);
          }}
          onKeyDown={press}
        />
      </label>
      <ul id="found" class="found" role="listbox" aria-label="Found">
        {found.map(({ key, label, about, icon, run }, index) => (
          <li
            key={key}
            id={`found-${index}`}
            role="option"
            aria-selected={index === at}
            onClick={() => {
              onClose();
              run();
            }}
          >
            <Icon name={icon} />
            <span class="name">{label}</span>
            <span class="quiet">{about}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p class="quiet">Nothing has that name.</p>}
    </Dialog>
  );
}

function commandsOf(session: Session, onHelp: () => void): readonly Command[] {
  return [
    ...Object.entries(VIEWS).map(([to, { label, icon }]) => ({
      key: to,
      label,
      about: 'Go to',
      icon,
      run: () => go(to),
    })),
    { key: 'theme', label: 'Change the theme', about: 'Command', icon: 'sun', run: nextTheme },
    { key: 'keys', label: 'Show the keys', about: 'Command', icon: 'more', run: onHelp },
    { key: 'try', label: 'Connect now', about: 'Command', icon: 'refresh', run: tryNow },
    ...(session.server.authRequired
      ? [{ key: 'out', label: 'Sign out', about: 'Command', icon: 'out', run: () => signOut(session) } as const]
      : []),
  ];
}
