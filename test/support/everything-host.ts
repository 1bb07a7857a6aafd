import type { AddressInfo, Server } from 'node:net';
import {
  Catch,
  Controller,
  Get,
  Injectable,
  Module,
  ValidationPipe,
  VersioningType,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type INestMicroservice,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import compress from '@fastify/compress';
import { ClientProxyFactory, MessagePattern, Payload, Transport, type ClientProxy } from '@nestjs/microservices';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { FastifyReply, FastifyRequest } from 'fastify';
import mercurius from 'mercurius';
import { map, of, tap, throwError, type Observable } from 'rxjs';
import { WebSocketServer } from 'ws';
import {
  AtomeModule,
  AtomeService,
  AtomeWsAdapter,
  CompatModule,
  systemOf,
  type Atome,
  type Principal,
} from '../../src/index.js';
import { SECRET } from './server/tokens.js';

/* An application that sets up globally whatever Nest lets it: nothing of it may reach the module's routes but what it wraps. */

interface WithUser {
  user?: string | undefined;
}

/** Its own idea of who calls, by a header; as a guard it stands before all routes. */
@Injectable()
class UserGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest & WithUser>();
    request.user = userOf(request.headers);
    return request.headers['x-banned'] === undefined;
  }
}

function userOf(headers: NodeJS.Dict<string | string[]>): string | undefined {
  const user = headers['x-user'];
  return typeof user === 'string' ? user : undefined;
}

/** Puts every answer into an envelope. */
class Envelope implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

/** Keeps the answers to GET for whom they are, as long as nobody writes. */
class Cache implements NestInterceptor {
  private readonly kept = new Map<string, unknown>();
  hits = 0;

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const { method, url, headers } = context.switchToHttp().getRequest<FastifyRequest>();
    const key = `${userOf(headers)} ${url} ${headers.accept}`;
    if (method !== 'GET') this.kept.clear();
    const kept = this.kept.get(key);
    if (kept !== undefined) this.hits += 1;
    return kept !== undefined ? of(kept) : next.handle().pipe(tap((answer) => this.kept.set(key, answer)));
  }
}

/** Answers whatever reaches it in its own way. */
@Catch()
class CatchAll implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): unknown {
    if (host.getType() !== 'http') return throwError(() => ({ caught: String(error) }));
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    return reply.status(418).send({ caught: String(error) });
  }
}

@Controller({ path: 'orders', version: '1' })
class OrdersController {
  @Get()
  list(): object {
    return { orders: [] };
  }

  @Get('broken')
  broken(): never {
    throw new Error('broken');
  }
}

/** What another transport asks. */
@Controller()
class AtomesByMessage {
  constructor(private readonly atomes: AtomeService) {}

  @MessagePattern('atome')
  get(@Payload() id: string): Promise<Atome> {
    return this.atomes.get(id, undefined, systemOf('acme'));
  }
}

@WebSocketGateway({ path: '/chat' })
class ChatGateway {
  @SubscribeMessage('say')
  say(@MessageBody() text: unknown): object {
    return { event: 'said', data: text };
  }
}

function portOf(microservice: INestMicroservice): number {
  return (microservice.unwrap<Server>().address() as AddressInfo).port;
}

/** The application, listening. */
export interface EverythingHost {
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly cache: Cache;
  /** Asks by the second transport. */
  readonly messages: ClientProxy;
  close(): Promise<void>;
}

export async function startEverything(databaseUrl: string): Promise<EverythingHost> {
  const atomes = AtomeModule.forRoot({
    databaseUrl,
    wsPath: '/live',
    isGlobal: true,
    jwt: { keys: { secret: SECRET }, tenantClaim: 'tenant', rolesClaim: 'roles' },
    accounts: {},
    authenticate: ({ headers }): Principal | undefined => {
      const id = userOf(headers);
      return id === undefined ? undefined : { id, tenant: 'acme', roles: [id] };
    },
    requireWriteHeader: false,
  });
  @Module({
    imports: [atomes, CompatModule],
    controllers: [OrdersController, AtomesByMessage],
    providers: [ChatGateway, { provide: APP_GUARD, useClass: UserGuard }],
  })
  class HostModule {}
  const adapter = new FastifyAdapter({ routerOptions: { maxParamLength: 128 } });
  const app = await NestFactory.create<NestFastifyApplication>(HostModule, adapter, {
    logger: false,
    forceCloseConnections: true,
  });
  const cache = new Cache();
  app.setGlobalPrefix('shop');
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
  app.enableCors({ origin: 'https://shop.example' });
  app.useGlobalPipes(
    new ValidationPipe({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      transformOptions: { enableImplicitConversion: true },
    }),
  );
  app.useGlobalFilters(new CatchAll());
  app.useGlobalInterceptors(new Envelope(), cache);
  app.useWebSocketAdapter(new AtomeWsAdapter(app));
  adapter.getInstance().addHook('onRequest', ({ headers }, reply, done) => {
    // it names those requests that came with a name
    if (headers['x-request-id'] !== undefined) void reply.header('x-request-id', headers['x-request-id']);
    done();
  });
  await app.register(compress, { threshold: 100 });
  await app.register(mercurius, {
    schema: 'type Query { kindOf(id: String!): String }',
    resolvers: {
      Query: {
        kindOf: async (_root: unknown, { id }: { id: string }) =>
          (await app.get(AtomeService, { strict: false }).get(id, undefined, systemOf('acme'))).kind,
      },
    },
  });
  const transport = { transport: Transport.TCP as const, options: { host: '127.0.0.1', port: 0 } };
  const microservice = app.connectMicroservice(transport, { inheritAppConfig: true });
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const graphql = new WebSocketServer({ noServer: true });
  app.getHttpServer().on('upgrade', (request, socket, head) => {
    if (request.url !== '/graphql') return;
    graphql.handleUpgrade(request, socket, head, (ws) => ws.send('a second library'));
  });
  const { port } = app.getHttpServer().address() as AddressInfo;
  const options = { host: '127.0.0.1', port: portOf(microservice) };
  const messages = ClientProxyFactory.create({ transport: Transport.TCP, options });
  const close = async (): Promise<void> => {
    await messages.close();
    await app.close();
  };
  return { app, url: `http://127.0.0.1:${port}`, cache, messages, close };
}
