import type { ReviewRequirement } from '@sallyport/core';
import { type AllowList, allowListsOf } from './allow-lists.js';
import type { CedarPolicy } from './cedar.js';
import { parseQuota, type Quota } from './quota.js';

/** What a policy says beyond yes and no. */
export interface PolicyTerms {
  readonly message?: string;
  readonly review?: ReviewRequirement;
  /** Of a forbid: what it lets pass. */
  readonly allows?: readonly AllowList[];
  /** Of a permit: how often one identity may have it. */
  readonly quota?: Quota;
}

export interface TermsMistake {
  readonly message: string;
  readonly hint?: string;
}

const known = ['id', 'review', 'approvals', 'message', 'timeout', 'on_timeout', 'quota', 'title', 'description'];
const onlyWithReview = ['approvals', 'timeout', 'on_timeout'];
const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };
const maxTimeoutMs = 24 * 3_600_000;
const maxApprovals = 20;
const maxMessage = 500;

/** Reads the annotations of one policy; mistakes in them are errors, for a review that was meant and not asked for allows. */
export function termsOf({ annotations, effect, conditions }: CedarPolicy): {
  terms: PolicyTerms;
  mistakes: TermsMistake[];
} {
  const mistakes: TermsMistake[] = [];
  const wrong = (message: string, hint?: string) =>
    void mistakes.push(hint === undefined ? { message } : { message, hint });

  for (const name of Object.keys(annotations)) {
    if (!known.includes(name))
      wrong(`unknown annotation "@${name}"`, `known are ${known.map((each) => `@${each}`).join(', ')}`);
    if (onlyWithReview.includes(name) && !('review' in annotations))
      wrong(`"@${name}" means nothing without "@review"`);
  }
  if (effect === 'forbid' && 'review' in annotations) {
    wrong('"@review" on a forbid', 'a forbid always refuses; put "@review" on a permit');
  }
  const message = annotations['message'];
  if (message !== undefined && (message.trim() === '' || message.length > maxMessage)) {
    wrong(`"@message" needs between 1 and ${maxMessage} characters`);
  }
  const review = 'review' in annotations ? reviewOf(annotations, wrong) : undefined;
  const quota = 'quota' in annotations ? parseQuota(annotations['quota'] ?? '') : undefined;
  if ('quota' in annotations && quota === undefined)
    wrong(`"@quota" must be a count and a time like "20/1h", not "${annotations['quota']}"`, 'at most 1000 in 24h');
  if ('quota' in annotations && effect === 'forbid')
    wrong('"@quota" on a forbid', 'a forbid always refuses; put "@quota" on a permit');
  const allows = effect === 'forbid' ? allowListsOf(conditions) : [];
  return {
    terms: {
      ...(message === undefined ? {} : { message }),
      ...(review === undefined ? {} : { review }),
      ...(allows.length > 0 && { allows }),
      ...(quota !== undefined && { quota }),
    },
    mistakes,
  };
}

function reviewOf(
  annotations: Readonly<Record<string, string>>,
  wrong: (message: string, hint?: string) => void,
): ReviewRequirement {
  const { review = '', approvals = '1', timeout = '10m', on_timeout: onTimeout = 'deny', message } = annotations;
  const groups = [...new Set(review.split(',').map((group) => group.trim()))].sort();
  if (groups.includes(''))
    wrong('"@review" names no group', 'for example @review("sre"), or @review("sre,dba") for someone of each');
  const wanted = /^\d{1,2}$/.test(approvals) ? Number(approvals) : 0;
  if (wanted < 1 || wanted > maxApprovals)
    wrong(`"@approvals" must be a number from 1 to ${maxApprovals}, not "${approvals}"`);
  const timeoutMs = durationOf(timeout);
  if (timeoutMs < 1 || timeoutMs > maxTimeoutMs) wrong(`"@timeout" must be between "1s" and "24h", not "${timeout}"`);
  if (onTimeout !== 'deny' && onTimeout !== 'allow')
    wrong(`"@on_timeout" must be "deny" or "allow", not "${onTimeout}"`);
  return {
    groups,
    approvals: wanted,
    timeoutMs,
    onTimeout: onTimeout === 'allow' ? 'allow' : 'deny',
    ...(message === undefined ? {} : { message }),
  };
}

function durationOf(text: string): number {
  const match = /^(\d{1,6})([smh])$/.exec(text);
  return match ? Number(match[1]) * units[match[2]!]! : 0;
}
