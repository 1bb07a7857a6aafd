import { useEffect, useMemo, useState } from 'preact/hooks';
import { durationText } from './data/names.js';
import { WorkspaceContext } from './data/use-workspace.js';
import { useNow, useValue } from './data/value.js';
import { openWorkspace, type Workspace } from './data/workspace.js';
import { begin, type ServerInfo } from './session/session.js';
import { SignIn } from './session/sign-in.js';
import { Shell } from './shell.js';
import { Button } from './ui/button.js';
import { Blank, Loading } from './ui/states.js';
import { Toasts } from './ui/toasts.js';

type Phase =
  | { readonly is: 'starting' }
  | { readonly is: 'asking'; readonly server: ServerInfo; readonly why?: string | undefined }
  | { readonly is: 'away'; readonly why: string; readonly nextAt: number; readonly attempt: number }
  | { readonly is: 'open'; readonly workspace: Workspace };

/** Longest time between two attempts, in milliseconds. */
const MAX_WAIT_MS = 15_000;

/** The whole page: asks who it is where the server wants to know, and then works. */
export function App() {
  const [phase, setPhase] = useState<Phase>({ is: 'starting' });
  const start = (attempt = 0): void => {
    begin().then(
      (started) =>
        setPhase(
          'session' in started
            ? { is: 'open', workspace: openWorkspace(started.session) }
            : { is: 'asking', server: started.ask, why: started.why },
        ),
      (error: unknown) => {
        const wait = Math.min(MAX_WAIT_MS, 1_000 * 2 ** attempt);
        setPhase({ is: 'away', why: (error as Error).message, nextAt: Date.now() + wait, attempt: attempt + 1 });
      },
    );
  };
  useEffect(() => start(), []);
  return (
    <>
      {phase.is === 'starting' && <Loading label="Starting" />}
      {phase.is === 'asking' && <SignIn server={phase.server} asked={phase} onDone={() => start()} />}
      {phase.is === 'away' && <Away {...phase} onTry={() => start(phase.attempt)} />}
      {phase.is === 'open' && (
        <WorkspaceContext.Provider value={phase.workspace}>
          <Opened workspace={phase.workspace} />
        </WorkspaceContext.Provider>
      )}
      <Toasts />
    </>
  );
}

/** A server that will not have us any more is asked who we may be. */
function Opened({ workspace }: { readonly workspace: Workspace }) {
  const refusal = useValue(workspace.refusal);
  const { server } = workspace.session;
  const asked = useMemo(() => ({ why: refusal }), [refusal]);
  if (refusal === '') return <Shell />;
  return <SignIn server={server} asked={asked} onDone={() => location.reload()} />;
}

interface AwayProps {
  readonly why: string;
  readonly nextAt: number;
  readonly onTry: () => void;
}

function Away({ why, nextAt, onTry }: AwayProps) {
  const now = useNow(500);
  useEffect(() => {
    const timer = setTimeout(onTry, Math.max(0, nextAt - Date.now()));
    return () => clearTimeout(timer);
  }, [nextAt]);
  return (
    <main>
      <Blank icon="cloud" title="The server is away">
        <p>
          {why}. Next attempt in {durationText(nextAt - now)}.
        </p>
        <Button icon="refresh" label="Try now" tone="main" onClick={onTry} />
      </Blank>
    </main>
  );
}
