import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { gatewayErrorOf, Log, problems, sendProblem, setProblemHeaders } from '../../platform/index.js';
import { encodingOf, sendStatus } from './otlp-encoding.js';

/** Exporters read errors in the encoding that they write; who writes neither gets a problem, as everywhere. */
@Catch()
export class OtlpFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<Response>();
    const error = gatewayErrorOf(thrown);
    if (problems[error.code].status >= 500) this.log.error('request.failed', { error });
    else this.log.debug('request.refused', { error });
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const encoding = encodingOf(http.getRequest<Request>());
    if (encoding === undefined) return sendProblem(response, error);
    setProblemHeaders(response, error);
    sendStatus(response, encoding, error);
  }
}
