import type { LoggerService } from '@nestjs/common';
import type { Log } from './log.js';

type Line = [message: unknown, ...rest: unknown[]];

const textOf = (value: unknown): string =>
  value instanceof Error ? value.message : typeof value === 'string' ? value : JSON.stringify(value);
const lineOf = ([message, ...rest]: Line): Record<string, unknown> => ({
  message: textOf(message),
  context: rest.filter((part) => typeof part === 'string').at(-1),
});

/** Nest's own lines, in the form of ours. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Log) {}

  log(...line: Line): void {
    this.logger.debug('framework.logged', lineOf(line));
  }

  error(...line: Line): void {
    this.logger.error('framework.failed', {
      ...lineOf(line),
      ...(line[0] instanceof Error ? { error: line[0] } : { stack: line[1] }),
    });
  }

  warn(...line: Line): void {
    this.logger.warn('framework.warned', lineOf(line));
  }

  debug(...line: Line): void {
    this.logger.debug('framework.logged', lineOf(line));
  }

  verbose(...line: Line): void {
    this.logger.debug('framework.logged', lineOf(line));
  }
}
