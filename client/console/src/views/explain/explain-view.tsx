import { countText } from '../../data/names.js';
import { useWorkspace } from '../../data/use-workspace.js';
import { useValue } from '../../data/value.js';
import { addressOf, goInstead, route } from '../../route.js';
import { Button } from '../../ui/button.js';
import { useLoad } from '../../ui/load.js';
import { Blank, Loading } from '../../ui/states.js';
import { DeliveryCard, type Delivery } from './delivery-card.js';

interface Explanation {
  readonly seq: number;
  readonly head: number;
  readonly principal: { readonly id: string; readonly roles: readonly string[]; readonly isAssumed: boolean };
  readonly entry: {
    readonly atomeId: string;
    readonly kind: string | null;
    readonly author: string | null;
    readonly type: string | null;
    readonly timestamp: string | null;
  } | null;
  readonly right: { readonly visibility: string; readonly by: string } | null;
  readonly why: string;
  readonly deliveries: readonly Delivery[];
  readonly connections: number;
}

/** "Subscribed, but nothing arrives": what has become of one alteration on its way to somebody. */
export function ExplainView() {
  const { query } = useValue(route);
  const [seq, client, principal] = ['seq', 'client', 'principal'].map((name) => query.get(name) ?? '') as [
    string,
    string,
    string,
  ];
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string): string => (form.get(name) as string).trim();
    goInstead('explain', '', { seq: text('seq'), client: text('client'), principal: text('principal') });
  };
  return (
    <section class="view" aria-label="Explain">
      <header class="toolbar">
        <div class="toolbar-row">
          <h1>Explain</h1>
          <span class="quiet">Why somebody was told of a change, or was not</span>
        </div>
        <form class="toolbar-row ask" key={`${seq} ${client} ${principal}`} onSubmit={submit}>
          <label class="field">
            Change, by its seq
            <input name="seq" class="mono" inputMode="numeric" pattern="[0-9]+" required defaultValue={seq} />
          </label>
          <label class="field grow">
            Connection
            <input name="client" class="mono" placeholder="any of theirs" defaultValue={client} autocomplete="off" />
          </label>
          <label class="field grow">
            Principal
            <input name="principal" placeholder="yourself" defaultValue={principal} autocomplete="off" />
          </label>
          <Button label="Explain" tone="main" type="submit" />
        </form>
      </header>
      {seq === '' ? (
        <Blank icon="explain" title="Subscribed, but nothing arrives?">
          <p>Name a change by its seq, which stands in the stream, and who should have been told of it.</p>
        </Blank>
      ) : (
        <Answer seq={seq} client={client} principal={principal} />
      )}
    </section>
  );
}

function Answer({ seq, client, principal }: Readonly<Record<'seq' | 'client' | 'principal', string>>) {
  const { session } = useWorkspace();
  const { value, error, isLoading, again } = useLoad(`explain ${seq} ${client} ${principal}`, () =>
    session.api.get<Explanation>('api/explain', { seq, client, principal }),
  );
  if (isLoading && !value) return <Loading label="Asking the server" />;
  if (error || !value) {
    return (
      <Blank icon="explain" title="It cannot be explained">
        <p>{error?.message}</p>
        <Button icon="refresh" label="Ask again" onClick={again} />
      </Blank>
    );
  }
  const { entry, right, why, deliveries, connections } = value;
  return (
    <div class="scroller answer">
      <div class={`verdict ${right?.visibility ?? ''}`}>
        <strong>{value.principal.id}</strong>
        <p>{why}</p>
        {value.principal.isAssumed && (
          <p class="quiet">Nobody of that name is connected here: they are taken for a reader without groups.</p>
        )}
      </div>
      <dl class="about">
        <div>
          <dt>Change</dt>
          <dd>
            {countText(value.seq)} of {countText(value.head)}
          </dd>
        </div>
        {entry && (
          <>
            <div>
              <dt>Atome</dt>
              <dd>
                <a class="mono" href={addressOf('atomes', entry.atomeId)}>
                  {entry.atomeId}
                </a>
              </dd>
            </div>
            <div>
              <dt>What</dt>
              <dd>
                {entry.type ?? 'erased'}
                {entry.kind !== null && ` · ${entry.kind}`}
              </dd>
            </div>
            <div>
              <dt>By</dt>
              <dd>{entry.author ?? '–'}</dd>
            </div>
            <div>
              <dt>Committed</dt>
              <dd>{entry.timestamp === null ? 'not known' : new Date(entry.timestamp).toLocaleString()}</dd>
            </div>
          </>
        )}
        {right && (
          <div>
            <dt>Decided by</dt>
            <dd>{right.by}</dd>
          </div>
        )}
      </dl>
      <h2>On the way to {connections === 1 ? 'one connection' : `${countText(connections)} connections`}</h2>
      {deliveries.length < connections && <p class="quiet">The first {deliveries.length} of them.</p>}
      {deliveries.map((delivery) => (
        <DeliveryCard key={delivery.client.clientId} delivery={delivery} />
      ))}
    </div>
  );
}
