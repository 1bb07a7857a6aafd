import { freePort } from '../server/free-port.js';
import { ServerProcess } from '../server/process.js';
import { WITH_TOKENS } from '../server/tokens.js';

/** A server that is killed, and comes back at the same place with the same file. */
export class ChaosServer {
  kills = 0;
  private running: Promise<ServerProcess>;

  private constructor(
    readonly port: number,
    private readonly environment: Record<string, string>,
  ) {
    this.running = ServerProcess.start(environment);
  }

  /** @param file of its database. */
  static async start(file: string): Promise<ChaosServer> {
    const port = await freePort();
    const server = new ChaosServer(port, { ...WITH_TOKENS, DATABASE_URL: `sqlite:${file}`, PORT: String(port) });
    await server.isUp();
    return server;
  }

  /** @returns a promise of its being back. */
  async kill(): Promise<void> {
    const before = await this.running;
    this.kills += 1;
    await before.kill('SIGKILL');
    this.running = ServerProcess.start(this.environment);
    await this.running;
  }

  async isUp(): Promise<void> {
    await this.running;
  }

  async url(): Promise<string> {
    return (await this.running).url;
  }

  async close(): Promise<void> {
    await (await this.running).kill('SIGTERM');
  }
}
