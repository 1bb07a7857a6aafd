import { Controller, Get, Req, UseFilters, VERSION_NEUTRAL } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ApiQuery } from '../api-decorators.js';
import { AccessPolicy } from '../auth/authorization/access-policy.js';
import { CurrentPrincipal, Guarded, RequireRole } from '../auth/authorization/access.guard.js';
import { roleAllows } from '../auth/authorization/role-permissions.js';
import type { Entry } from '../feed/entry.js';
import { Feed } from '../feed/feed.js';
import { ApiAnswer, ApiCall, ApiGroup, ApiProblems } from '../http/openapi.js';
import { ProblemFilter } from '../http/problem.filter.js';
import { checkedQuery } from '../http/validation.js';
import { AtomeError, type Principal } from '../protocol/index.js';
import type { ExplainAnswer } from './answers.js';
import { pageOf } from './connection-page.js';
import { ConnectionRegistry } from './connection-registry.js';
import { principalView } from './describe-connection.js';
import { ExplainQueryDto } from './explain.dto.js';
import { deliveryOf, entryAt, rightTo, type Right } from './explanation.js';
import { EXPLAINED } from './openapi-examples.js';
import type { RegisteredConnection } from './registered-connection.js';

/** Who is asked about, and over which connections of theirs. */
interface Subject {
  readonly principal: Principal;
  readonly isAssumed: boolean;
  readonly connections: readonly RegisteredConnection[];
}

/** Why somebody was, or was not, told of an alteration. Admins may ask about anybody in their tenant, others about themselves. */
@ApiGroup('server')
@Guarded()
@UseFilters(ProblemFilter)
@Controller({ path: 'explain', version: VERSION_NEUTRAL })
export class ExplainController {
  constructor(
    private readonly feed: Feed,
    private readonly policy: AccessPolicy,
    private readonly registry: ConnectionRegistry,
  ) {}

  @RequireRole('read', { takesQuery: true })
  @Get()
  @ApiQuery({ type: ExplainQueryDto })
  @ApiCall('explainDelivery', 'Why somebody was, or was not, told of an alteration')
  @ApiAnswer(200, 'By the rights of now, over the connections to this server', ['ExplainAnswer', EXPLAINED])
  @ApiProblems('invalid', 'forbidden', 'not_found', 'reset')
  async explain(@Req() { query }: FastifyRequest, @CurrentPrincipal() caller: Principal): Promise<object> {
    const asked = await checkedQuery(ExplainQueryDto, query);
    const { seq } = asked;
    const { principal, isAssumed, connections } = this.subjectOf(asked, caller);
    const { page, nextCursor } = pageOf(connections, asked);
    const log = await this.feed.log(caller.tenant);
    const about = { success: true, seq, head: log.tail.seq, principal: { ...principalView(principal), isAssumed } };
    const entry = await entryAt(
      log,
      seq,
      caller,
      page.some(({ reading }) => reading?.filter.where),
    );
    const pages = { connections: connections.length, nextCursor };
    if (!entry)
      return { ...about, entry: null, right: null, why: absence(seq, log.tail.seq), deliveries: [], ...pages };
    const full = rightTo(entry, principal, this.policy);
    const deliveries = page.map((connection) => deliveryOf(entry, connection, full));
    const isTold = roleAllows(caller, 'administer') || full.visibility === 'shown';
    const right = isTold ? full : masked(full);
    return {
      ...about,
      entry: isTold ? viewOf(entry) : right.visibility === 'left' ? leftViewOf(entry) : null,
      right,
      why: reasonOf(right, connections.length),
      deliveries: isTold ? deliveries : deliveries.map((each) => ({ ...each, notIn: [] })),
      ...pages,
    };
  }

  /** @throws AtomeError `not_found` for a connection that is not there or not theirs, `forbidden` for somebody else. */
  private subjectOf({ client, principal: id }: ExplainQueryDto, caller: Principal): Subject {
    const isAdmin = roleAllows(caller, 'administer');
    const here = this.registry.of(caller.tenant);
    if (client !== undefined) {
      const found = here.find(
        ({ clientId, principal }) => clientId === client && (isAdmin || principal?.id === caller.id),
      );
      if (!found || (id !== undefined && found.principal!.id !== id))
        throw new AtomeError('not_found', `there is no connection "${client}" of yours at this server`);
      return { principal: found.principal!, isAssumed: false, connections: [found] };
    }
    if (id !== undefined && id !== caller.id && !isAdmin)
      throw new AtomeError('forbidden', 'only admins may ask about somebody else');
    const wanted = id ?? caller.id;
    const connections = here.filter(({ principal }) => principal?.id === wanted);
    const known = wanted === caller.id ? caller : connections[0]?.principal;
    const assumed: Principal = { id: wanted, tenant: caller.tenant, roles: ['reader'] };
    return { principal: known ?? assumed, isAssumed: known === undefined, connections };
  }
}

function viewOf({ after: { id, kind }, author, event }: Entry): ExplainAnswer['entry'] {
  const { type = null, timestamp = null } = (event === undefined ? {} : JSON.parse(event)) as Record<string, string>;
  return { atomeId: id, kind, author, type, timestamp };
}

/** No more than the feed tells of an atome that has left. */
function leftViewOf({ after: { id } }: Entry): ExplainAnswer['entry'] {
  return { atomeId: id, kind: null, author: null, type: 'atome:left', timestamp: null };
}

/** The same whatever it is hidden by, and whether they could read it then. */
function masked({ visibility }: Right): Right {
  return { visibility: visibility === 'left' ? 'left' : 'hidden', by: 'nobody' };
}

function absence(seq: number, head: number): string {
  return seq > head
    ? `The ledger ends at ${head}: there is no such alteration yet.`
    : 'It is in no page any more: it was moved to an archive.';
}

const RIGHTS: Readonly<Record<Right['by'], string>> = {
  role: 'their role allows nothing',
  application: 'the rule of the application says so',
  admin: 'admins may read everything',
  policy: 'the policy of its kind does not name them',
  owner: 'the atome is theirs',
  tenant: 'it is everybody’s in the tenant',
  named: 'its access names them, or a group of theirs',
  nobody: 'its access does not name them',
};

function reasonOf({ visibility, by }: Right, connections: number): string {
  const sees = {
    shown: 'They may read it',
    hidden: 'They may not read it',
    left: 'They could read the atome before, and are told that it has left',
    withheld: 'They could read it then, and may not any more',
  }[visibility];
  const here = connections === 0 ? ' They are not connected to this server.' : '';
  return `${sees}: ${RIGHTS[by]}.${here}`;
}
