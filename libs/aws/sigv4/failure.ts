/** Why a signature is not taken; a service answers each with a code of its own. */
export const signatureReasons = [
  /** No authorization at all, or a part of it that must be there. */
  'missing',
  /** It cannot be read, or can be read in two ways. */
  'malformed',
  'signature',
  /** Signed too long ago, or in the future. */
  'skew',
  /** A presigned request past its time. */
  'expired',
  /** The date of the scope is not the date of the request. */
  'scope',
  /** A header that must be signed is not. */
  'unsigned-header',
  'unsupported',
] as const;
export type SignatureReason = (typeof signatureReasons)[number];

export interface SignatureFailure {
  readonly ok: false;
  readonly reason: SignatureReason;
  /** For the client: names what is wrong, holds no secret and no signature. */
  readonly message: string;
}

export const failure = (reason: SignatureReason, message: string): SignatureFailure => ({ ok: false, reason, message });

/** Carries a failure out of the depths of reading; never leaves this folder. */
export class Failed extends Error {
  constructor(readonly failure: SignatureFailure) {
    super(failure.message);
  }
}

export const fail = (reason: SignatureReason, message: string): never => {
  throw new Failed(failure(reason, message));
};

/** @returns what the reading returns, or the failure that it ended in */
export const orFailure = <T>(read: () => T): T | SignatureFailure => {
  try {
    return read();
  } catch (error) {
    if (error instanceof Failed) return error.failure;
    throw error;
  }
};
