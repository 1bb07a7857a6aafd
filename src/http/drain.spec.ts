import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Drain } from './drain.js';
import { RequestTurns } from './request-turns.js';

describe('a connection whose answer had begun before the end was announced', () => {
  let drain: Drain;
  let server: Server;
  let agent: Agent;
  let connections: number;
  let answers: ServerResponse[];
  beforeEach(async () => {
    [drain, connections, answers] = [new Drain(), 0, []];
    agent = new Agent({ keepAlive: true, maxSockets: 1 });
    server = createServer((_, response) => {
      drain.track(response);
      answers.push(response);
      response.write('begun ');
    });
    server.on('connection', () => (connections += 1));
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(() => {
    agent.destroy();
    server.close();
  });

  async function ask(): Promise<IncomingMessage> {
    const { port } = server.address() as AddressInfo;
    const [answer] = (await once(get({ port, host: '127.0.0.1', agent }), 'response')) as [IncomingMessage];
    return answer;
  }

  async function endOf(answer: IncomingMessage): Promise<string> {
    answers.at(-1)!.end('ended');
    return text(answer);
  }

  it('is as good as before until the port closes: the next request may be on its way', async () => {
    const first = await ask();
    drain.announce();
    expect(await endOf(first)).toBe('begun ended');
    expect(await endOf(await ask())).toBe('begun ended');
    expect(connections).toBe(1);
  });

  it('ends with it from then on', async () => {
    const answer = await ask();
    drain.begin();
    const closed = once(answer.socket, 'close');
    expect(await endOf(answer)).toBe('begun ended');
    await closed;
  });
});

it('waits for the answers to calls that have not begun, too', async () => {
  const all = 200;
  const drain = new Drain();
  const turns = new RequestTurns({ warn: () => undefined }, drain);
  let came = 0;
  const server = createServer((_, response) => {
    turns.enter({ tenant: 't', id: 'i' }, response, () => {
      // as that of a call whose body has been read
      setImmediate(() => {
        drain.track(response);
        response.end('answered');
      });
    });
    came += 1;
    if (came < all) return;
    drain.begin();
    turns.end();
    void drain.answered(4_000).then(() => server.closeAllConnections());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  // in one piece: they come in one turn of the event loop
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(all));
  expect((await text(client)).match(/answered/g)).toHaveLength(all);
  server.close();
});
