/* The process of a load generator: calls the functions of the module that it was started with. */

/** @type {Record<string, (params: any) => unknown>} */
const methods = await import(`../${process.argv[2]}`);

process.on('message', async (/** @type {{ id: number, method: string, params: object }} */ { id, method, params }) => {
  try {
    process.send?.({ id, result: await methods[method](params) });
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? error.stack : String(error) });
  }
});
process.on('disconnect', () => process.exit());
