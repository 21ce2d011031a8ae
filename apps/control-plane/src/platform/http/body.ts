import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import { type Request, type Response, raw } from 'express';

/**
 * The bytes of a body, unpacked where it came compressed; read only now, so that nobody unknown can make the server hold
 * it. For routes that the JSON middleware leaves alone. How long it may take is the server's time-out for a request.
 * @throws an error that is answered as TOO_LARGE above `mostBytes`, counted after unpacking
 */
export const readBody = (request: Request, response: Response, mostBytes: number): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    raw({ limit: mostBytes, inflate: true, type: () => true })(request, response, (error?: Error | string) => {
      const body: unknown = request.body;
      if (error === undefined) resolve(Buffer.isBuffer(body) ? body : Buffer.alloc(0));
      else reject(error instanceof Error ? error : new Error(error));
    });
  });

/** A JSON body of up to so many bytes. */
export const LargeJsonBody = createParamDecorator(
  async (mostBytes: number, context: ExecutionContext): Promise<unknown> => {
    const http = context.switchToHttp();
    const body = await readBody(http.getRequest<Request>(), http.getResponse<Response>(), mostBytes);
    try {
      return JSON.parse(body.toString('utf8')) as unknown;
    } catch {
      throw new GatewayError('INVALID_INPUT', 'the body is not JSON');
    }
  },
);
