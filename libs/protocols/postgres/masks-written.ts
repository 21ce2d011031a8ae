/**
 * Finds what a masked value looks like in what a client writes. A client that read `****7719` and writes the row back would
 * put the mask over the real value: a guard against that accident, not against somebody who wants to overwrite a value.
 */
import type { MaskingAction, MaskingRule, Refusal } from '@sallyport/core';

/** The forms that libs/masking gives a hidden value, where it stands alone as a literal, a parameter or a field of COPY. */
const forms: Readonly<Partial<Record<MaskingAction, RegExp>>> = {
  redact: /\[redacted(:[^\]]{1,64})?\]/,
  hash: /(^|['"\t,|])hmac:[0-9a-f]{16}($|['"\t,|\r\n])/m,
  partial: /(^|['"\t,|])\*{4}[^'"\t,|\r\n]{0,4}($|['"\t,|\r\n])/m,
};

/** What a derived or long value is hidden by, whatever its rule says. */
const always: MaskingAction = 'redact';

export const maskWritten: Refusal = {
  code: 'INVALID_INPUT',
  message: 'this would write a masked value over the real one',
  hint: 'what you read was hidden by the gateway: leave that column out of the change, or give its real value',
};

/** Longer than any form: what of it a chunk has left is looked at again with the next one. */
const overlap = 96;

/** The forms that these rules can give; undefined where nothing is masked. */
export const maskForms = (rules: readonly Pick<MaskingRule, 'action'>[]): RegExp | undefined => {
  if (rules.length === 0) return undefined;
  const actions = new Set<MaskingAction>([always, ...rules.map(({ action }) => action)]);
  const sources = [...actions].flatMap((action) => forms[action]?.source ?? []);
  return new RegExp(sources.join('|'), 'm');
};

export const holdsMask = (form: RegExp, text: string, parameters: readonly (Uint8Array | null)[] = []): boolean =>
  form.test(text) ||
  parameters.some(
    (value) =>
      value !== null && form.test(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')),
  );

/** Looks through the data of one COPY, over the edges of its messages. */
export class CopyInGuard {
  readonly #form: RegExp;
  #tail = '';
  #found = false;

  constructor(form: RegExp) {
    this.#form = form;
  }

  /** @returns true once, where a masked value is seen first */
  push(data: Buffer): boolean {
    if (this.#found) return false;
    const text = this.#tail + data.toString('latin1');
    this.#tail = text.slice(-overlap);
    this.#found = this.#form.test(text);
    return this.#found;
  }
}
