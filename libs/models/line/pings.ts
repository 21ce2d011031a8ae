/** Keeps a client waiting that would give up on a silent answer. */

export interface PingOptions<Event> {
  readonly pingMs: number;
  /** Something is held back: otherwise it is the API that is silent, which is its own matter. */
  readonly holds: () => boolean;
  readonly ping: () => Event;
}

const silence = Symbol('silence');

/** @param events pulled one after the other; what was pulled and has not come is never lost */
export async function* withPings<Event>(
  events: AsyncGenerator<Event>,
  { pingMs, holds, ping }: PingOptions<Event>,
): AsyncGenerator<Event> {
  try {
    for (let next = events.next(); ; ) {
      const timer = timeout(pingMs);
      const come = await Promise.race([next, timer.passed]).finally(timer.clear);
      if (come === silence) {
        if (holds()) yield ping();
        continue;
      }
      if (come.done === true) return;
      yield come.value;
      next = events.next();
    }
  } finally {
    await events.return(undefined);
  }
}

const timeout = (milliseconds: number): { readonly passed: Promise<typeof silence>; readonly clear: () => void } => {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<typeof silence>((resolve) => {
    timer = setTimeout(resolve, milliseconds, silence);
  });
  return { passed, clear: () => clearTimeout(timer) };
};
