/** Keeps a client waiting that would give up on a silent answer. */
import { GatewayError } from '@sallyport/core';

export interface PingOptions<Event> {
  /** After so long without a byte. */
  readonly pingMs: number;
  /** Something is held back: otherwise it is the API that is silent, which is its own matter. */
  readonly holds: () => boolean;
  readonly ping: () => Event;
  readonly signal: AbortSignal;
}

const silence = Symbol('silence');

/** @param events pulled one after the other; what was pulled and has not come is never lost */
export async function* withPings<Event>(
  events: AsyncGenerator<Event>,
  { pingMs, holds, ping, signal }: PingOptions<Event>,
): AsyncGenerator<Event> {
  const aborted = whenAborted(signal);
  try {
    for (let next = events.next(); ; ) {
      const timer = timeout(pingMs);
      const come = await Promise.race([next, timer.passed, aborted.promise]).finally(timer.clear);
      if (come === silence) {
        if (holds()) yield ping();
        continue;
      }
      if (come.done === true) return;
      yield come.value;
      next = events.next();
    }
  } finally {
    aborted.forget();
    // Not waited for: it ends when what it waits for ends, and that may be a person.
    events.return(undefined).catch(() => undefined);
  }
}

const timeout = (milliseconds: number): { readonly passed: Promise<typeof silence>; readonly clear: () => void } => {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<typeof silence>((resolve) => {
    timer = setTimeout(resolve, milliseconds, silence);
  });
  return { passed, clear: () => clearTimeout(timer) };
};

const whenAborted = (signal: AbortSignal): { readonly promise: Promise<never>; readonly forget: () => void } => {
  let forget = (): void => undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    const give = (): void => reject(new GatewayError('CANCELLED', 'the call has been given up'));
    if (signal.aborted) return give();
    signal.addEventListener('abort', give, { once: true });
    forget = () => signal.removeEventListener('abort', give);
  });
  promise.catch(() => undefined);
  return { promise, forget };
};
