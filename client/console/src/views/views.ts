import type { ComponentType } from 'preact';
import type { IconName } from '../ui/icons.js';
import { AtomesView } from './atomes/atomes-view.js';
import { ClientsView } from './clients/clients-view.js';
import { ExplainView } from './explain/explain-view.js';
import { HealthView } from './health/health-view.js';
import { HistoryView } from './history/history-view.js';
import { LiveView } from './live/live-view.js';

/** One view of the console. */
interface ViewInfo {
  readonly label: string;
  readonly icon: IconName;
  /** Behind `g`, it leads there. */
  readonly key: string;
  readonly View: ComponentType;
}

/** All views, by the name in their address. */
export const VIEWS = {
  atomes: { label: 'Atomes', icon: 'atomes', key: 'a', View: AtomesView },
  live: { label: 'Live', icon: 'live', key: 'l', View: LiveView },
  history: { label: 'History', icon: 'history', key: 'h', View: HistoryView },
  explain: { label: 'Explain', icon: 'explain', key: 'e', View: ExplainView },
  clients: { label: 'Clients', icon: 'clients', key: 'c', View: ClientsView },
  health: { label: 'Health', icon: 'health', key: 's', View: HealthView },
} as const satisfies Readonly<Record<string, ViewInfo>>;

/** The name of a view in its address. */
export type ViewName = keyof typeof VIEWS;
