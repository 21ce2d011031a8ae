import { AsyncLocalStorage } from 'node:async_hooks';
import { GatewayError } from '@sallyport/core';
import { type DestinationStream, type Logger, pino } from 'pino';

/** What every line written during one request carries. */
export interface LogContext {
  readonly correlationId: string;
}

export const logContext = new AsyncLocalStorage<LogContext>();

type Details = Readonly<Record<string, unknown>>;

const secretNames = [
  'password',
  'secret',
  'ticket',
  'token',
  'authorization',
  'cookie',
  'client_secret',
  'key',
  'credential',
];
// pino's `*.name` does not reach a name at the top (seen), so each is listed at both depths.
const redactedPaths = secretNames
  .flatMap((name) => [name, `*.${name}`, `*.*.${name}`])
  .concat('*.set-cookie', '*["set-cookie"]', '*["x-api-key"]');

const describeError = (value: unknown): unknown => {
  if (!(value instanceof Error)) return value;
  const { cause } = value;
  return {
    type: value.name,
    message: value.message,
    ...(value instanceof GatewayError ? { code: value.code, details: value.details } : {}),
    stack: value.stack,
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
  };
};

/** Structured lines: an event name `<noun>.<past participle>` and facts. Never a credential, never a target's value. */
export class Log {
  constructor(private readonly logger: Logger) {}

  static at(level: string, destination?: DestinationStream): Log {
    const options = {
      level,
      base: { service: 'control-plane' },
      redact: { paths: redactedPaths, censor: '[hidden]' },
      serializers: { error: describeError, cause: describeError },
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: () => ({ ...logContext.getStore() }),
    };
    return new Log(destination === undefined ? pino(options) : pino(options, destination));
  }

  debug(event: string, details: Details): void {
    this.logger.debug({ event, ...details });
  }

  info(event: string, details: Details): void {
    this.logger.info({ event, ...details });
  }

  warn(event: string, details: Details): void {
    this.logger.warn({ event, ...details });
  }

  error(event: string, details: Details): void {
    this.logger.error({ event, ...details });
  }
}
