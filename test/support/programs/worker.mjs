/*
 * One of several processes: it listens, and ends when it is asked to. `hangs` does not end, and `starts` never
 * comes to listen.
 */
const [does] = process.argv.slice(2);

process.on('message', ({ type, id }) => {
  if (type === 'stop' && does !== 'hangs') process.exit(0);
  if (type === 'metrics') {
    const values = [{ value: 7, labels: {} }];
    const told = ['counter', 'gauge'].map((type) => ({ name: type, help: type, type, aggregator: 'sum', values }));
    process.send({ type: 'metrics', id, values: told });
  }
});
if (does !== 'starts') process.send({ type: 'listening', port: 1, hasDocs: false });
