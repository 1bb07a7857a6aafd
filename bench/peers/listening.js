/**
 * Says where a peer listens, as the bench expects it.
 * @param {import('node:net').Server} server
 */
export function sayListening(server) {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`listening: http://127.0.0.1:${port}`);
}
