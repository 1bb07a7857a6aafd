import type {} from './postgres.setup.ts';

/** Ends the PostgreSQL of the run, if there is one. */
export default async function teardown(): Promise<void> {
  const broker = globalThis.postgresBroker;
  if (!broker) return;
  broker.server.closeAllConnections();
  broker.server.close();
  await broker.postgres?.then(
    (server) => server.stop(),
    () => undefined,
  );
}
