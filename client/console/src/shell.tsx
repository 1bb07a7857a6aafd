import { useEffect, useState } from 'preact/hooks';
import { namesText } from './data/names.js';
import { useWorkspace } from './data/use-workspace.js';
import { useValue } from './data/value.js';
import { addressOf, go, route } from './route.js';
import { signOut } from './session/session.js';
import { Button } from './ui/button.js';
import { AwayBar, ConnectionChip } from './ui/connection.js';
import { Icon, Sign, type IconName } from './ui/icons.js';
import { HelpDialog } from './ui/help.js';
import { useKeys } from './ui/keys.js';
import { Palette } from './ui/palette.js';
import { nextTheme, theme } from './ui/theme.js';
import { say } from './ui/toasts.js';
import { VIEWS, type ViewName } from './views/views.js';

/** What is around the views: where one can go, how it stands with the server, and who one is. */
export function Shell() {
  const { view } = useValue(route);
  const [isPalette, setPalette] = useState(false);
  const [isHelp, setHelp] = useState(false);
  const name: ViewName = view in VIEWS ? (view as ViewName) : 'atomes';
  const { View, label } = VIEWS[name];
  useRefusals();
  useEffect(() => void (document.title = `${label} · atome-sync`), [label]);
  useKeys({
    'mod k': () => setPalette(true),
    '?': () => setHelp(true),
    ...Object.fromEntries(Object.entries(VIEWS).map(([to, { key }]) => [`g ${key}`, () => go(to)])),
  });
  return (
    <div class="shell">
      <a
        class="skip"
        href="#main"
        onClick={(event) => (event.preventDefault(), document.getElementById('main')?.focus())}
      >
        Skip to content
      </a>
      <header class="side">
        <p class="brand">
          <Sign />
          <span>atome-sync</span>
        </p>
        <nav aria-label="Views">
          {Object.entries(VIEWS).map(([to, { label: text, icon, key }]) => (
            <a
              key={to}
              href={addressOf(to)}
              aria-current={to === name ? 'page' : undefined}
              title={`${text} (G ${key.toUpperCase()})`}
            >
              <Icon name={icon satisfies IconName} />
              <span>{text}</span>
            </a>
          ))}
        </nav>
        <div class="side-foot">
          <Button icon="search" label="Commands" hint="Ctrl K" onClick={() => setPalette(true)} />
          <a class="button plain" href="api/docs">
            <Icon name="docs" />
            <span>API documentation</span>
          </a>
          <a class="button plain" href="api/async-docs">
            <Icon name="docs" />
            <span>WebSocket API</span>
          </a>
          <ConnectionChip />
          <Myself />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <AwayBar />
        <View />
      </main>
      {isPalette && <Palette onClose={() => setPalette(false)} onHelp={() => setHelp(true)} />}
      {isHelp && <HelpDialog onClose={() => setHelp(false)} />}
    </div>
  );
}

function Myself() {
  const { session } = useWorkspace();
  const { who, server } = session;
  const chosen = useValue(theme);
  return (
    <div class="myself">
      <div class="who">
        <strong title={who.id}>{who.name ?? who.id}</strong>
        <span class="quiet">
          {who.tenant} · {who.roles.join(', ') || 'no role'}
        </span>
      </div>
      <Button icon="sun" label={`Theme: ${chosen}`} isBare onClick={nextTheme} />
      {server.authRequired && <Button icon="out" label="Sign out" isBare onClick={() => void signOut(session)} />}
    </div>
  );
}

/** What the server refuses is said at once, wherever one is. */
function useRefusals(): void {
  const { client } = useWorkspace();
  useEffect(() => {
    const ends = [
      client.on('sync:rejected', ({ operation, error }) =>
        say(`The server refused ${String(operation.operation)}: ${error.message}`),
      ),
      client.on('sync:conflict', ({ superseded }) =>
        say(`A newer write has won for ${namesText(superseded)}; yours is in the history`),
      ),
    ];
    return () => ends.forEach((end) => end());
  }, [client]);
}
