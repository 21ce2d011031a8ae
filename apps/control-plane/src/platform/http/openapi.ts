import { type INestApplication, Injectable } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { RouteInventory } from '../authorization/route-inventory.js';
import { describeValidatedClasses } from './schema-of-validators.js';

const problem = {
  description: 'A problem (RFC 9457) with its code, a hint and a correlation id',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string' },
    detail: { type: 'string' },
    hint: { type: 'string' },
    details: { type: 'object' },
    correlation_id: { type: 'string' },
  },
};

/** The API described from its own routes, permissions and validators. */
@Injectable()
export class OpenApi {
  private described: OpenAPIObject | undefined;

  constructor(private readonly inventory: RouteInventory) {}

  get document(): OpenAPIObject {
    if (this.described === undefined) throw new Error('the API has not been described yet');
    return this.described;
  }

  /** Once, when every module is there. */
  describe(app: INestApplication): void {
    describeValidatedClasses();
    const config = new DocumentBuilder()
      .setTitle('Sallyport')
      .setDescription(
        'The control plane’s API. Lists are pages: {items, next_cursor}. A POST that creates takes an Idempotency-Key.',
      )
      .setVersion('1')
      .addBearerAuth()
      .build();
    const document = SwaggerModule.createDocument(app, config, {
      operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}.${method}`,
    });
    document.components = {
      ...document.components,
      schemas: { ...document.components?.schemas, Problem: problemSchema },
    };
    this.addAccess(document);
    this.described = document;
  }

  private addAccess(document: OpenAPIObject): void {
    for (const { method, path, access } of this.inventory.routes()) {
      const operations = document.paths[path.replace(/:(\w+)/g, '{$1}')] as Record<string, object> | undefined;
      const operation = operations?.[method.toLowerCase()] as { responses?: object } | undefined;
      if (operation === undefined) continue;
      Object.assign(operation, {
        responses: { ...operation.responses, default: problem },
        ...(access === 'public' ? { security: [] } : { security: [{ bearer: [] }], 'x-permission': access }),
      });
    }
  }
}
