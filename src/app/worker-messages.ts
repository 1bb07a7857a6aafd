/** What the first process of a server asks of one that it has started. */
export type WorkerRequest =
  | { readonly type: 'stop' }
  /** For what is measured; `id` stands in the answer. */
  | { readonly type: 'metrics'; readonly id: number };

/** What it is told. */
export type WorkerMessage =
  | ({ readonly type: 'listening' } & Listening)
  | { readonly type: 'metrics'; readonly id: number; readonly values?: readonly Measured[]; readonly error?: string };

/** Where a server can be reached. */
export interface Listening {
  readonly port: number;
  /** Whether the documents of the API are there. */
  readonly hasDocs: boolean;
}

/** What a process measures under one name. */
export interface Measured {
  readonly name: string;
  readonly type: string;
  readonly values: readonly { readonly value: number; readonly labels: object; readonly metricName?: string }[];
}
