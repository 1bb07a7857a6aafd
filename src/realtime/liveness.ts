import { WebSocket } from 'ws';

/** Whether there is still somebody at the other end of a WebSocket. */
export class Liveness {
  private isAlive = true;
  private pingedAt = 0;
  /** The other end has answered to whatever was written before: epoch milliseconds, 0 where it has not answered yet. */
  heardUpTo = 0;

  constructor(private readonly ws: Pick<WebSocket, 'on' | 'ping' | 'readyState'>) {
    const heard = (): void => void (this.isAlive = true);
    ws.on('message', heard).on('pong', heard);
    ws.on('pong', () => (this.heardUpTo = this.pingedAt));
  }

  ping(): void {
    if (this.ws.readyState !== WebSocket.OPEN) return;
    this.pingedAt = Date.now();
    this.ws.ping();
  }

  /** Whether a message or a pong has come since it was last asked. */
  wasAlive(): boolean {
    const { isAlive } = this;
    this.isAlive = false;
    return isAlive;
  }
}
