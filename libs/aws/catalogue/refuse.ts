/** Thrown within this folder only: `identify` and `needsBody` make an answer of it. */
export class NotIdentified extends Error {
  constructor(readonly reason: string) {
    super(reason);
  }
}

export const refuse = (reason: string): never => {
  throw new NotIdentified(reason);
};

/** A client's text in a reason: short, and without what a terminal would act on. */
export const quoted = (text: string): string => {
  const plain = text.replace(/[^\x20-\x7e]/g, '?');
  return `“${plain.length > 64 ? `${plain.slice(0, 64)}…` : plain}”`;
};

export interface Attempt<T> {
  readonly value?: T;
  /** Where it was refused. */
  readonly reason?: string;
}

export const attempt = <T>(read: () => T): Attempt<T> => {
  try {
    return { value: read() };
  } catch (cause) {
    if (cause instanceof NotIdentified) return { reason: cause.reason };
    throw cause;
  }
};
