/** A list of models, or one: small, the same for everybody, and looked at like every other answer. */
import type { UpstreamAnswer } from '@sallyport/http';
import { wholeAnswer } from '@sallyport/http';
import type { Masker } from '@sallyport/masking';

const mostBytes = 4 * 1024 * 1024;

/** @throws RESPONSE_NOT_UNDERSTOOD where it is larger than such a list can be */
export async function* maskList(answer: UpstreamAnswer, masker: Masker): AsyncGenerator<Uint8Array> {
  const bytes = await wholeAnswer(answer, mostBytes);
  yield masker.scanJson(bytes)?.bytes ?? bytes;
}
