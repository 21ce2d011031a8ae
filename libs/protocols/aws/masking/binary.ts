/** Is a body text? By its first bytes, as far as they tell. */
import { isUtf8 } from 'node:buffer';

const looked = 8 * 1024;
/** A character of UTF-8 has at most four bytes: the last ones of a piece may be the beginning of one. */
const isTextSoFar = (bytes: Uint8Array): boolean =>
  [0, 1, 2, 3].some((left) => left < Math.max(1, bytes.length) && isUtf8(bytes.subarray(0, bytes.length - left)));

const magic = ['%PDF-', 'PK\u0003\u0004', 'Rar!', '7z\u00bc\u00af', 'PAR1', 'Obj\u0001', 'ORC', 'SQLite format 3'].map(
  (text) => Buffer.from(text, 'latin1'),
);

/**
 * Archives, images, columnar files and texts in another encoding than UTF-8.
 *
 * @param atBegin false for a piece out of the middle, whose first character may be cut
 */
export const looksBinary = (bytes: Uint8Array, atBegin: boolean): boolean => {
  const first = bytes.subarray(0, looked);
  if (first.includes(0)) return true;
  if (magic.some((sign) => Buffer.from(first.subarray(0, sign.length)).equals(sign))) return true;
  if (isTextSoFar(first)) return false;
  return atBegin || ![1, 2, 3].some((skipped) => isTextSoFar(first.subarray(skipped)));
};
