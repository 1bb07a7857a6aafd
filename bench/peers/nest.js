import 'reflect-metadata';
import { Body, Controller, Inject, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { WsAdapter } from '@nestjs/platform-ws';
import { WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { DataSource, EntitySchema } from 'typeorm';
import { decorate } from './decorate.js';
import { sayListening } from './listening.js';
import { makeDurable, noteOf, sqlitePath, TABLE } from './store.js';

/* What one writes on a first afternoon: Nest, TypeORM's `save()`, and a broadcast to every socket. */

const Note = new EntitySchema({
  name: 'Note',
  tableName: 'notes',
  columns: {
    id: { type: String, primary: true },
    kind: { type: String },
    data: { type: String },
    created_at: { type: String },
  },
});

const url = process.env.DATABASE_URL;
/** @type {DataSource | undefined} */
let dataSource;
if (url) {
  const isFile = url.startsWith('sqlite:');
  dataSource = await new DataSource({
    ...(isFile
      ? { type: 'better-sqlite3', database: sqlitePath(url), prepareDatabase: makeDurable }
      : { type: 'postgres', url, extra: { max: 10 } }),
    entities: [Note],
  }).initialize();
  await dataSource.query(TABLE);
}

/** @type {Set<any>} */
const readers = new Set();

class Gateway {
  /** @param {any} client @param {import('node:http').IncomingMessage} request */
  handleConnection(client, request) {
    if (request.headers['x-writer'] === undefined) readers.add(client);
    client.on('close', () => readers.delete(client));
    // the frames of the bench have no `event` and `data`, as Nest's own would
    client.on('message', (/** @type {Buffer} */ data) => this.broadcast(JSON.parse(data.toString())));
    client.send('{"type":"ready"}');
  }

  /** @param {object} event */
  broadcast(event) {
    for (const client of readers) if (client.readyState === 1) client.send(JSON.stringify(event));
  }
}
decorate([WebSocketServer()], Gateway.prototype, 'server');
decorate([WebSocketGateway({ path: '/' })], Gateway);

class NotesController {
  /** @param {Gateway} gateway */
  constructor(gateway) {
    this.gateway = gateway;
  }

  /** @param {{ kind: string, data: object }} body */
  async create(body) {
    const note = noteOf(body);
    if (dataSource) await dataSource.getRepository(Note).save(note);
    this.gateway.broadcast({ ...note, data: body.data });
    return { success: true, id: note.id, data: body.data };
  }
}
decorate([Post()], NotesController.prototype, 'create', [Body()]);
decorate([Controller('notes')], NotesController, undefined, [Inject(Gateway)]);

class AppModule {}
decorate([Module({ controllers: [NotesController], providers: [Gateway] })], AppModule);

const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false });
app.useWebSocketAdapter(new WsAdapter(app));
await app.listen(0, '127.0.0.1');
sayListening(app.getHttpServer());
