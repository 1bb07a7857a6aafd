import type { Filter, Principal } from '../protocol/index.js';
import type { TenantLog } from './tenant-log.js';
import { PlainView, RangeView, SseView, type View } from './view.js';

/** What a reader wants to see, in which form, and who reads. */
export interface ViewRequest {
  readonly principal: Principal;
  readonly filter?: Filter;
  /** Whether a range tells changes alone where they are enough. */
  readonly deltas?: boolean;
  readonly form: 'range' | 'sse' | { readonly plainOf: string };
}

/** A view, who uses it, and what ends what it needs. */
interface SharedView {
  readonly view: View;
  users: number;
  readonly end?: () => void;
}

/** The views of one log, by key: readers with equal filters share their frames. */
export class SharedViews {
  private readonly views = new Map<string, SharedView>();

  constructor(private readonly log: TenantLog) {}

  /** To be given back. @throws AtomeError for one condition too many. */
  take({ form, filter = {}, deltas, principal }: ViewRequest): View {
    const made =
      form === 'range' ? new RangeView(filter, deltas) : form === 'sse' ? new SseView(filter) : new PlainView();
    let shared = this.views.get(made.key);
    if (!shared) {
      const { log } = this;
      shared = {
        view: made,
        users: 0,
        ...(filter.where && { end: hold(log.conditions.take(principal, filter.where), log) }),
      };
      this.views.set(made.key, shared);
    }
    shared.users += 1;
    return shared.view;
  }

  giveBack({ key }: View): void {
    const shared = this.views.get(key);
    if (!shared || --shared.users > 0) return;
    this.views.delete(key);
    shared.end?.();
  }
}

/** Has states held until it is called. */
function hold(giveBack: () => void, { tail }: TenantLog): () => void {
  const end = tail.states.want();
  return () => {
    end();
    giveBack();
  };
}
