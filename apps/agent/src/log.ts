import { GatewayError } from '@sallyport/core';
import { type DestinationStream, pino } from 'pino';

export type Log = (event: string, details?: Readonly<Record<string, unknown>>) => void;

/** Events that mean that something does not work, by their last word. */
const troubled = /(failed|refused|lost|not-renewed|not-sent|unavailable|damaged|problem)$/;

/**
 * One line of JSON an event. An error is logged as its code and message when it is ours; of any other only its name,
 * its code and where it came from: its text may quote what no log should hold.
 */
export function createLog(level: string, destination?: DestinationStream): Log {
  const logger = pino(
    { level, base: { component: 'agent' }, timestamp: pino.stdTimeFunctions.isoTime },
    destination ?? pino.destination(1),
  );
  return (event, details = {}) => {
    const { error, ...rest } = details;
    const line = { event, ...rest, ...(error === undefined ? {} : { error: describeError(error) }) };
    if (troubled.test(event)) logger.warn(line);
    else logger.info(line);
  };
}

export function describeError(error: unknown): Record<string, unknown> {
  if (error instanceof GatewayError) {
    const { code, message, hint, details, cause } = error;
    return {
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(Object.keys(details).length === 0 ? {} : { details }),
      ...(cause === undefined ? {} : { cause: describeCause(cause) }),
    };
  }
  return describeCause(error);
}

function describeCause(error: unknown): Record<string, unknown> {
  if (error instanceof GatewayError) return describeError(error);
  if (!(error instanceof Error)) return { name: typeof error };
  const { code } = error as NodeJS.ErrnoException;
  const at = error.stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 5)
    .map((line) => line.trim());
  return {
    name: error.name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(at === undefined ? {} : { at }),
  };
}
