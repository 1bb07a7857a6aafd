import { open } from './peer.js';
import { digits } from './dialects.js';

/** @typedef {import('./dialects.js').Dialect} Dialect */

const MARK = Buffer.from('"n":');

/** One reader: counts all its events, and looks into those of a sample. */
export class Reader {
  /** Events that have arrived whole. */
  count = 0;
  problem = '';
  /** Called with the number of each event, as long as it is set. @type {((n: number) => void) | undefined} */
  heard;
  /** @type {import('./frame-socket.js').FrameSocket | undefined} */
  socket;
  #arriving = 0;
  #seen = /** @type {Set<number> | undefined} */ (undefined);
  #last = 0;

  /**
   * @param {Dialect} dialect
   * @param {{ add: (events: number) => void, idle: () => void }} total
   */
  constructor(dialect, total) {
    this.dialect = dialect;
    this.total = total;
  }

  /**
   * @param {number} port
   * @param {Record<string, string>} headers
   * @param {{ since?: number, sample: boolean, ordered: boolean }} options
   */
  async connect(port, headers, { since, sample, ordered }) {
    if (sample) this.#seen = new Set();
    this.ordered = ordered;
    this.socket = await open(port, this.dialect, {
      headers,
      since,
      listener: {
        frame: (buffer, start, length) => this.#frame(buffer, start, length),
        taken: () => this.#taken(),
        idle: this.total.idle,
        closed: (why) => (this.problem ||= why),
      },
    });
    this.socket.whole = sample;
  }

  /** Frames are looked into from here on. @param {(n: number) => void} heard */
  listen(heard) {
    this.heard = heard;
    /** @type {import('./frame-socket.js').FrameSocket} */ (this.socket).whole = true;
  }

  /**
   * @param {Buffer} buffer
   * @param {number} start
   * @param {number} length
   */
  #frame(buffer, start, length) {
    const { dialect, heard } = this;
    this.#arriving = dialect.count(buffer, start, length);
    if (this.#arriving === 0) {
      const reply = dialect.reply?.(buffer, start);
      if (reply !== undefined) this.socket?.send(reply);
      return;
    }
    if (heard) this.#tell(buffer.subarray(start, start + length), heard);
    if (this.#seen) this.#check(buffer.toString('utf8', start, start + length), this.#seen);
  }

  #taken() {
    this.count += this.#arriving;
    this.total.add(this.#arriving);
    this.#arriving = 0;
  }

  /**
   * @param {Buffer} payload
   * @param {(n: number) => void} heard
   */
  #tell(payload, heard) {
    for (let at = payload.indexOf(MARK); at >= 0; at = payload.indexOf(MARK, at + 4)) heard(digits(payload, at + 4));
  }

  /**
   * @param {string} text
   * @param {Set<number>} seen
   */
  #check(text, seen) {
    const events = this.dialect.read(text);
    if (events.length !== this.#arriving) this.problem ||= `a frame of ${events.length} events says ${this.#arriving}`;
    for (const { n } of events) {
      if (seen.has(n)) this.problem ||= `event ${n} came twice`;
      if (this.ordered && n !== this.#last + 1) this.problem ||= `event ${n} came after ${this.#last}`;
      seen.add(n);
      this.#last = n;
    }
  }
}
