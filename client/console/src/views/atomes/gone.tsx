import { useWorkspace } from '../../data/use-workspace.js';
import { timeText } from '../../data/names.js';
import { addressOf } from '../../route.js';
import { Button } from '../../ui/button.js';
import { useLoad } from '../../ui/load.js';
import { complain } from '../../ui/toasts.js';
import { restore } from './actions.js';

interface GoneProps {
  readonly id: string;
  /** Whether it has gone while it was open. */
  readonly wasHere: boolean;
}

/** An atome that is not among what is here: deleted, or not to be seen. */
export function Gone({ id, wasHere }: GoneProps) {
  const { remote, client } = useWorkspace();
  const { value, error, isLoading } = useLoad(`gone ${id}`, async () => {
    const answer = await remote.history(id, { limit: 1 });
    if (!answer.success) throw new Error(answer.error);
    return answer.alterations[0];
  });
  if (isLoading && !value) return null;
  const isDeleted = value?.operation === 'delete';
  return (
    <div class="notice" role="alert">
      <p>
        {isDeleted
          ? `${value.author} deleted it at ${timeText(value.timestamp)}${value.reason ? `: ${value.reason}` : ''}.`
          : (error?.message ?? 'It is not among what you may see any more.')}
        {wasHere && ' What you have typed is still below.'}
      </p>
      {isDeleted && (
        <p class="actions">
          <Button
            icon="restore"
            label="Restore"
            tone="main"
            onClick={() => void restore(client, id, value.version - 1).catch(complain)}
          />
          <a class="button plain" href={addressOf('history', id)}>
            History
          </a>
        </p>
      )}
    </div>
  );
}
