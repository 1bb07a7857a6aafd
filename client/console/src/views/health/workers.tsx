import { countText } from '../../data/names.js';
import { useWorkspace } from '../../data/use-workspace.js';
import { useLoad } from '../../ui/load.js';

interface Consumer {
  readonly name: string;
  readonly isRunning: boolean;
  readonly lag: number;
  readonly error: string | null;
  readonly deadLetters: number;
}

interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly enabled: boolean;
  readonly disabledReason: string | null;
  readonly lag: number;
}

/** Durable consumers, for those who may see them. */
export function ConsumersTable({ everyMs }: { readonly everyMs: number }) {
  const { session } = useWorkspace();
  const { value } = useLoad(
    'consumers',
    () => session.api.get<{ data: readonly Consumer[] }>('api/consumers').catch(() => ({ data: [] })),
    everyMs,
  );
  return (
    <Workers
      title="Consumers"
      none="The application has none."
      rows={(value?.data ?? []).map(({ name, isRunning, lag, error, deadLetters }) => ({
        key: name,
        name,
        isGood: isRunning && error === null && deadLetters === 0,
        lag,
        said: error ?? (deadLetters > 0 ? `${countText(deadLetters)} given up` : isRunning ? 'running' : 'elsewhere'),
      }))}
    />
  );
}

/** Webhooks, for those who may see them. */
export function WebhooksTable({ everyMs }: { readonly everyMs: number }) {
  const { session } = useWorkspace();
  const { value } = useLoad(
    'webhooks',
    () => session.api.get<{ data: readonly Webhook[] }>('api/webhooks').catch(() => ({ data: [] })),
    everyMs,
  );
  return (
    <Workers
      title="Webhooks"
      none="There are none."
      rows={(value?.data ?? []).map(({ id, url, enabled, disabledReason, lag }) => ({
        key: id,
        name: url,
        isGood: enabled,
        lag,
        said: enabled ? 'on' : (disabledReason ?? 'off'),
      }))}
    />
  );
}

interface WorkersProps {
  readonly title: string;
  readonly none: string;
  readonly rows: readonly {
    readonly key: string;
    readonly name: string;
    readonly isGood: boolean;
    readonly lag: number;
    readonly said: string;
  }[];
}

function Workers({ title, none, rows }: WorkersProps) {
  return (
    <article class="tile">
      <h2>{title}</h2>
      {rows.length === 0 && <p class="quiet">{none}</p>}
      <ul class="plain-list">
        {rows.map(({ key, name, isGood, lag, said }) => (
          <li key={key}>
            <span>
              <span class={`lamp ${isGood ? 'good' : 'bad'}`} /> {name}
            </span>
            <span class={isGood ? 'quiet' : 'fault'}>{said}</span>
            <span class="count">{countText(lag)} behind</span>
          </li>
        ))}
      </ul>
    </article>
  );
}
