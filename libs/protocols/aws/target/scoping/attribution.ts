/** Whom CloudTrail names: the person, the session and the turn of a call, in the characters that STS takes. */
import type { Attribution } from '../../wire.js';

export interface Labels {
  readonly roleSessionName: string;
  readonly sourceIdentity: string;
  readonly tags: readonly (readonly [key: string, value: string])[];
}

const mostName = 64;
const mostTagValue = 256;

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export function labelsOf({ session, person, aiSession, turn, toolCall }: Attribution): Labels {
  const id = nameIn(session).slice(0, 36);
  const tags: readonly (readonly [string, string | undefined])[] = [
    ['sallyport:person', person],
    ['sallyport:session', session],
    ['sallyport:ai-session', aiSession],
    ['sallyport:turn', turn],
    ['sallyport:tool-call', toolCall],
  ];
  return {
    roleSessionName: atLeastTwo(`${nameIn(person).slice(0, mostName - 1 - id.length)}.${id}`),
    sourceIdentity: atLeastTwo(nameIn(person).slice(0, mostName)),
    tags: tags.flatMap(([key, value]) =>
      value === undefined || value === '' ? [] : [[key, tagValue(value)] as const],
    ),
  };
}

const nameIn = (text: string): string => text.replace(/[^\w+=,.@-]/g, '-');
const atLeastTwo = (name: string): string => name.padEnd(2, '-');
const tagValue = (text: string): string =>
  [...text.replace(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, '-')].slice(0, mostTagValue).join('');
