import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { GatewayError } from '@sallyport/core';
import type { Response } from 'express';
import { isStoreUnavailable } from '../database/store-unavailable.js';
import { Log, logContext } from '../logging/log.js';
import { codeOfStatus, problems } from './problems.js';

/** Texts of our own for what the framework throws: its messages can repeat input. */
const frameworkTexts: Partial<Record<GatewayError['code'], string>> = {
  NOT_FOUND: 'there is no such route or object',
  TOO_LARGE: 'the request body is too large',
  INVALID_INPUT: 'the request body cannot be read',
};

const statusOf = (error: unknown): number => {
  if (error instanceof HttpException) return error.getStatus();
  const { status } = (typeof error === 'object' && error !== null ? error : {}) as { status?: unknown };
  return typeof status === 'number' ? status : 500;
};

/** Whatever was thrown, as an error of ours; what is not known becomes INTERNAL and keeps its text to itself. */
export function gatewayErrorOf(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (isStoreUnavailable(error))
    return new GatewayError('RECORDING_UNAVAILABLE', 'the control plane’s database cannot be used right now', {
      cause: error,
      hint: 'try again in a minute; if it persists, ask an administrator to look at the database',
    });
  const code = codeOfStatus(statusOf(error));
  if (code === 'INTERNAL')
    return new GatewayError('INTERNAL', 'the control plane failed', {
      cause: error,
      hint: 'give an administrator the correlation id',
    });
  return new GatewayError(code, frameworkTexts[code] ?? problems[code].title.toLowerCase(), { cause: error });
}

/** What HTTP itself says of an error, whatever its body is. */
export function setProblemHeaders(response: Response, error: GatewayError): void {
  const retryAfter = error.details['retry_after_seconds'];
  if (typeof retryAfter === 'number') response.setHeader('retry-after', String(retryAfter));
  if (problems[error.code].status === 401) response.setHeader('www-authenticate', 'Bearer realm="sallyport"');
}

export function sendProblem(response: Response, error: GatewayError): void {
  const { status, title } = problems[error.code];
  setProblemHeaders(response, error);
  response
    .status(status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: 'about:blank',
        title,
        status,
        code: error.code,
        detail: error.message,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
        ...(Object.keys(error.details).length === 0 ? {} : { details: error.details }),
        correlation_id: logContext.getStore()?.correlationId,
      }),
    );
}

/** Every error as `application/problem+json` with its code; the cause goes to the log only. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Log) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const error = gatewayErrorOf(thrown);
    const response = host.switchToHttp().getResponse<Response>();
    if (problems[error.code].status >= 500) this.log.error('request.failed', { error });
    else this.log.debug('request.refused', { error });
    if (response.headersSent) response.destroy();
    else sendProblem(response, error);
  }
}
