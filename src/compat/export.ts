import { Readable } from 'node:stream';
import { Injectable, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { identityOf } from '../auth/authorization/access.guard.js';
import { assertRole } from '../auth/authorization/role-permissions.js';
import { JSON_TYPE } from '../http/media-type.js';
import { SecurityLog } from '../http/security-log.js';
import { isHead, sendHead, until, LongResponses } from '../http/long-responses.js';
import { UserData } from '../compliance/user-data.js';
import { LedgerReaders } from '../ledger/read/ledger-readers.js';
import type { Atome } from '../protocol/index.js';
import { OneValueQueryDto } from './queries.js';
import { checkedQuery } from '../http/validation.js';

type ExportRecord =
  | { readonly type: 'atome'; readonly atome: Atome }
  | { readonly type: 'alteration' | 'authored'; readonly alteration: object };

/** The user data as one JSON value, made as fast as it is taken. It is cut off, and no JSON, where something fails. */
@Injectable()
export class OriginalExport {
  private readonly logger = new Logger('UserData');

  constructor(
    private readonly data: UserData,
    private readonly ledgers: LedgerReaders,
    private readonly longResponses: LongResponses,
    private readonly log: SecurityLog,
  ) {}

  async send(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { principal } = identityOf(request)!;
    const { format, kinds, principal: whose = principal.id } = await checkedQuery(OneValueQueryDto, request.query);
    if (whose !== principal.id) assertRole(principal, 'administer');
    void reply.type(JSON_TYPE);
    if (isHead(request)) return sendHead(reply);
    this.longResponses.holdHeavy(request, reply);
    this.log.record('export', request, { subject: whose });
    const { epoch, seq } = await this.ledgers.of(principal.tenant).head();
    const signal = this.longResponses.open(request, reply);
    const records = this.data.exportOf(principal, whose, seq, until(signal)) as AsyncIterable<ExportRecord>;
    const head = { success: true, format, principal: whose, epoch, seq, exportedAt: new Date().toISOString() };
    const stream = Readable.from(oneValue(head, records, kinds), {
      objectMode: false,
      highWaterMark: CHUNK,
    });
    stream.on('error', (error) => this.logger.error(error));
    signal.addEventListener('abort', () => stream.destroy());
    await reply.send(stream);
  }
}

/** What goes out at once, in characters. */
const CHUNK = 64 * 1024;

/**
 * Atomes, each with its alterations, as `data`; then, when all kinds are asked for, what was written to others' atomes as
 * `authored`.
 */
export async function* oneValue(
  head: object,
  records: AsyncIterable<ExportRecord>,
  kinds?: readonly string[],
): AsyncGenerator<string> {
  let chunk = `${JSON.stringify(head).slice(0, -1)},"data":[`;
  let [isWanted, isAuthored] = [false, false];
  /** What ends the atome that is open, and what comes before the next value in its list. */
  let [end, comma] = ['', ''];
  for await (const record of records) {
    if (record.type === 'atome') {
      isWanted = !kinds || kinds.includes(record.atome.kind);
      if (!isWanted) continue;
      const separator = end === '' ? '' : `${end},`;
      chunk += `${separator}${JSON.stringify(record.atome).slice(0, -1)},"alterations":[`;
      [end, comma] = [']}', ''];
    } else {
      if (record.type === 'authored' && kinds) break;
      if (record.type === 'authored' && !isAuthored) {
        chunk += `${end}],"authored":[`;
        [isWanted, isAuthored, end, comma] = [true, true, '', ''];
      }
      if (!isWanted) continue;
      chunk += comma + JSON.stringify(record.alteration);
      comma = ',';
    }
    if (chunk.length >= CHUNK) {
      yield chunk;
      chunk = '';
    }
  }
  yield `${chunk}${end}]${isAuthored || kinds ? '' : ',"authored":[]'}}`;
}
