import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorFunction, type HealthIndicatorResult } from '@nestjs/terminus';
import { NodeBus } from '../bus/node-bus.js';
import { EdgeLink } from '../edge/edge-link.js';
import type { Edge } from '../edge/edge.js';

// why, the log says: it may name hosts and users
const NOT_HEARD = 'other servers are not heard: what they write is seen later; the log says why';
const NOT_FOLLOWED = 'the server above is not followed: what is written there comes later; the log says why';

/** How a server stands with others. Without them it is late, and right all the same: it gets requests. */
@Injectable()
export class PeerHealth {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly bus: NodeBus,
    private readonly link: EdgeLink,
  ) {}

  /** What is to be looked at. */
  looks(): HealthIndicatorFunction[] {
    const { edge } = this.link;
    return edge ? [() => this.others(), () => this.upstream(edge)] : [() => this.others()];
  }

  private others(): HealthIndicatorResult {
    const { fault, peerCount } = this.bus;
    const indicator = this.indicators.check('otherServers');
    return fault === undefined ? indicator.up({ count: peerCount }) : indicator.up({ degraded: NOT_HEARD });
  }

  /** An edge is there for when the way to the server above is not. */
  private upstream(edge: Edge): HealthIndicatorResult {
    const { state, waiting, upstream } = edge.status();
    const lag = upstream && upstream.head - upstream.seq;
    const degraded = state !== 'live' && { degraded: NOT_FOLLOWED };
    return this.indicators.check('upstream').up({ state, waiting, ...(lag !== undefined && { lag }), ...degraded });
  }
}
