import { afterEach, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { AtomeModule, describeAtomes, type AtomeOptions } from '../../../src/index.js';
import { Contract, type ApiDocument } from '../../support/openapi.js';
import { SECRET } from '../../support/server/tokens.js';

const JWT = { keys: { kind: 'secret', secret: SECRET }, tenantClaim: 'tenant', rolesClaim: 'roles' } as const;

describe('the document of an application that imports the module', () => {
  let app: NestFastifyApplication;
  afterEach(() => app.close());

  async function documentOf(options: AtomeOptions, version: string): Promise<OpenAPIObject> {
    @Module({ imports: [AtomeModule.forRoot({ databaseUrl: 'sqlite::memory:', ws: false, ...options })] })
    class HostModule {}
    const adapter = new FastifyAdapter({ routerOptions: { maxParamLength: 128 } });
    app = await NestFactory.create<NestFastifyApplication>(HostModule, adapter, { logger: false });
    await app.init();
    return SwaggerModule.createDocument(app, new DocumentBuilder().setOpenAPIVersion(version).build());
  }

  const refsOf = (document: OpenAPIObject): string[] =>
    [
      ...new Set([...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name!)),
    ].sort();
  const operationsOf = (document: OpenAPIObject) => new Contract(document as unknown as ApiDocument).operations();

  it.each(['3.0.0', '3.1.0'])('defines all that our calls refer to, as it stands: %s', async (version) => {
    const document = await documentOf({ jwt: JWT }, version);
    expect(refsOf(document)).toEqual(Object.keys(document.components!.schemas!).sort());
    expect(refsOf(document)).toContain('AtomeSyncListAnswer');
    // an application has names of its own
    expect(refsOf(document).filter((name) => !/^AtomeSync|Dto$/.test(name))).toEqual([]);
    expect(operationsOf(document).filter(([, { security }]) => security !== undefined)).toEqual([]);
  });

  it.each(['3.0.0', '3.1.0'])('says what our calls need once it is told: %s', async (version) => {
    const document = await documentOf({ jwt: JWT }, version);
    describeAtomes(app, document);
    const calls = new Map(operationsOf(document));
    expect(calls.get('get /atome/list')).toMatchObject({ security: [{ bearer: [] }], responses: { 401: {}, 403: {} } });
    expect(calls.get('get /sync/changes')!.security).toEqual([{ bearer: [] }, { ticket: [] }]);
    expect(Object.keys(document.components!.securitySchemes!)).toEqual(['bearer', 'ticket']);
    expect(refsOf(document)).toEqual(Object.keys(document.components!.schemas!).sort());
  });

  it('speaks its own version, whichever was made before', async () => {
    await documentOf({}, '3.1.0');
    await app.close();
    const text = JSON.stringify(await documentOf({}, '3.0.0'));
    expect([text.includes('"nullable":true'), text.includes('"type":[')]).toEqual([true, false]);
    await app.close();
    expect(JSON.stringify(await documentOf({}, '3.1.0'))).not.toContain('"nullable"');
  });

  it('asks for nothing where nobody is asked who calls', async () => {
    const document = await documentOf({}, '3.1.0');
    describeAtomes(app, document);
    expect(document.components!.securitySchemes).toBeUndefined();
    expect(operationsOf(document).filter(([, { responses }]) => 401 in responses || 403 in responses)).toEqual([]);
  });

  it('has what data is for each kind', async () => {
    const schema = {
      type: 'object',
      required: ['title'],
      properties: { title: { $ref: '#/$defs/text' } },
      $defs: { text: { type: 'string' } },
    };
    const kinds = { 'order.line': { schema }, 'order-line': { schema: { type: 'object' } }, plain: {} };
    const document = await documentOf({ kinds }, '3.1.0');
    describeAtomes(app, document);
    const { schemas } = document.components as unknown as ApiDocument['components'];
    expect(Object.keys(schemas).filter((name) => /Data$|Atome$/.test(name))).toEqual(
      expect.arrayContaining(['OrderLineData', 'OrderLineAtome', 'OrderLine2Data', 'OrderLine2Atome']),
    );
    expect(schemas.PlainData).toBeUndefined();
    const contract = new Contract(document as unknown as ApiDocument);
    const { schema: answer } = new Map(contract.operations()).get('get /atome/{id}')!.responses[200]!.content![
      'application/json'
    ]!;
    const atome = {
      id: 'a',
      kind: 'order.line',
      type: null,
      data: { title: 't' },
      meta: {},
      parentId: null,
      ownerId: 'o',
      version: 1,
    };
    const times = { createdAt: '2026-01-31T12:00:00.000Z', updatedAt: '2026-01-31T12:00:00.000Z', deletedAt: null };
    expect(contract.errorsOf(answer, { success: true, atome: { ...atome, ...times } })).toEqual([]);
    const ofKind = schemas.AtomeOfKind!;
    expect(contract.errorsOf(ofKind, { ...atome, ...times })).toEqual([]);
    expect(contract.errorsOf(ofKind, { ...atome, ...times, data: { title: 5 } })).not.toEqual([]);
  });
});
