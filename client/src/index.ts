export { SyncWebSocket, UnifiedAtome, UnifiedSync } from './online/default-client.js';
export { createUnified, type UnifiedClient } from './online/unified.js';
export { SyncError, type LocalErrorCode, type SyncErrorCode } from './core/errors.js';
export { memoryStore } from './storage/memory/memory-store.js';
export { indexedDbStore, type IndexedDbOptions } from './storage/indexeddb/indexeddb-store.js';
export { createClient } from './offline/client.js';
export type { Client, ClientOptions, LiveQuery, QueryListener, UnsentWrite, Written } from './offline/api.js';
export type { Access, AnyKinds, AtomeOf, KindOf, Kinds, NewAtome, Replacement } from './core/kinds.js';
export type { Condition, Conditions, Difference, Order, Predicate, Query } from './query/query.js';
export type {
  Changes,
  Checkpoint,
  Contents,
  Format,
  Migration,
  PendingWrite,
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the former name stays for those who import it
  Place,
  RejectedWrite,
  Store,
  StoredCursor,
  Tables,
  Tabs,
} from './storage/store.js';
export type { Subscription } from './offline/subscription.js';
export type { Status, SyncState } from './offline/status.js';
export type { Filter, ServerOptions, TokenSource, UnifiedOptions } from './core/options.js';
export type { Backoff } from './connection/backoff.js';
export type { Phase } from './connection/state.js';
export type { Dial, Transport, TransportEvents, WebSocketConstructor } from './connection/transport.js';
export type { Cursor } from './online/session.js';
export type {
  AnyEvent,
  Listener,
  OtherMessage,
  Payload,
  RejectedOperation,
  SyncEventName,
  SyncEvents,
} from './core/event-map.js';
export type { Failure, Result } from './online/result.js';
export type { BroadcastAlteration, ConnectionState, ConnectOptions } from './online/sync-websocket.js';
export type { RealtimeOptions } from './online/unified-sync.js';
export type {
  AlterInput,
  Altered,
  Created,
  CreateInput,
  Deleted,
  GetOptions,
  Got,
  History,
  HistoryQuery,
  Listed,
  ListQuery,
  Renamed,
  Restored,
  WriteOptions,
} from './online/answers.js';
export type {
  Ack,
  Alteration,
  AlterationBody,
  Atome,
  AtomeAltered,
  AtomeCreated,
  AtomeDeleted,
  AtomeEvent,
  AtomeLeft,
  AtomeUpdated,
  ErrorBody,
  ErrorCode,
  FieldOperators,
  JsonObject,
  JsonPatch,
  JsonValue,
  Operation,
  PresenceEvent,
  ResetReason,
  Where,
} from '../../src/protocol/index.js';
