import { useEffect, useState } from 'preact/hooks';
import { Button } from '../ui/button.js';
import { Sign } from '../ui/icons.js';
import { signIn, useToken, type ServerInfo } from './session.js';

interface SignInProps {
  readonly server: ServerInfo;
  /** Why one has to say who one is again; another object each time. */
  readonly asked: { readonly why?: string | undefined };
  readonly onDone: () => void;
}

/** Asks who it is: by account where the server keeps some, and by a token. */
export function SignIn({ server, asked, onDone }: SignInProps) {
  const [how, setHow] = useState<'login' | 'register' | 'token'>(server.accounts ? 'login' : 'token');
  const [fault, setFault] = useState('');
  const [isBusy, setBusy] = useState(false);
  useEffect(() => setFault(asked.why ?? ''), [asked]);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string): string => (form.get(name) as string).trim();
    setBusy(true);
    try {
      if (how === 'token') useToken(text('token'));
      else await signIn(how, { identifier: text('identifier'), password: form.get('password') as string });
      onDone();
    } catch (error) {
      setFault((error as Error).message);
    }
    setBusy(false);
  };
  return (
    <main class="sign-in">
      <form class="card form" aria-label="Sign in" onSubmit={(event) => void submit(event)}>
        <h1>
          <Sign /> atome-sync
        </h1>
        {how === 'token' ? <TokenField /> : <AccountFields isNew={how === 'register'} />}
        {fault && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        <Button label={how === 'register' ? 'Create account' : 'Sign in'} tone="main" type="submit" disabled={isBusy} />
        {server.accounts && (
          <p class="actions">
            {how !== 'login' && <Button label="Sign in by account" onClick={() => setHow('login')} />}
            {how !== 'register' && <Button label="New account" onClick={() => setHow('register')} />}
            {how !== 'token' && <Button label="Use a token" onClick={() => setHow('token')} />}
          </p>
        )}
      </form>
    </main>
  );
}

function TokenField() {
  return (
    <label class="field">
      Token
      <input name="token" type="password" required autofocus autocomplete="off" spellcheck={false} />
      <span class="said">
        A JSON Web Token with sub, tenant and roles. It is kept for as long as this window is open.
      </span>
    </label>
  );
}

function AccountFields({ isNew }: { readonly isNew: boolean }) {
  return (
    <>
      <label class="field">
        E-mail, phone or user name
        <input name="identifier" required autofocus autocomplete="username" spellcheck={false} />
      </label>
      <label class="field">
        Password
        <input
          name="password"
          type="password"
          required
          minLength={isNew ? 10 : 1}
          autocomplete={isNew ? 'new-password' : 'current-password'}
        />
      </label>
    </>
  );
}
