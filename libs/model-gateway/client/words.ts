/** Texts of a request as people and policies read them. */
import { hideSecrets } from '@sallyport/masking';

/** Of a prompt or a tool's input, for a policy and for the record. */
export const longestText = 16 * 1024;

/** Well-formed and no longer than that, without the half of a character. */
export const clipped = (text: string, most = longestText): string => {
  const whole = Buffer.from(text, 'utf8').toString('utf8');
  if (whole.length <= most) return whole;
  return `${Buffer.from(whole.slice(0, most - 1), 'utf8')
    .toString('utf8')
    .replace(/\ufffd$/, '')}…`;
};

/** Secrets are looked for in the whole before it is clipped: half of one would not be found. */
export const shown = (text: string, most = longestText): string => clipped(hideSecrets(text) ?? text, most);
