import { classOf } from './byte-class.js';
import { type Detector, tailOf } from './detector.js';
import { looksRandom } from './token.js';

const signature = classOf(/[A-Za-z0-9+/=%_~-]/);
const signatureTail = tailOf(signature);
/** AWS's oldest form has 28 characters, the usual one 64. */
const least = 20;

/**
 * What makes a link open to whoever has it: `X-Amz-Signature=` and `Signature=` of S3 and CloudFront, as they stand or
 * percent-encoded within another link. Tokens beside it (`X-Amz-Security-Token=`, `SigninToken=`) are keyed secrets.
 */
export const signedUrl: Detector = {
  name: 'signed-url',
  class: 'secrets',
  anchors: [
    {
      kind: 'literal',
      ignoreCase: true,
      literals: ['signature=', 'signature%3d', 'signature%253d'],
      find: (window, at, length) => {
        const start = at + length;
        if (window.run(start, signature, least) < least || !looksRandom(window, start, least)) return undefined;
        return { start, end: start + least, tail: signatureTail };
      },
    },
  ],
};
