import { createHmac } from 'node:crypto';

/** Of a credential: the day, region and service that a signing key is good for. */
export interface CredentialScope {
  /** YYYYMMDD. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export const algorithm = 'AWS4-HMAC-SHA256';
export const scopeText = ({ date, region, service }: CredentialScope): string =>
  `${date}/${region}/${service}/aws4_request`;

export const stringToSign = (amzDate: string, scope: CredentialScope, requestHash: string): string =>
  [algorithm, amzDate, scopeText(scope), requestHash].join('\n');

/** 2026-01-02T03:04:05Z as 20260102T030405Z. */
export const formatAmzDate = (date: Date): string => {
  const iso = date.toISOString();
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
};

const amzDate = /^\d{8}T\d{6}Z$/;

/** @returns undefined where the text is no date, or one that no calendar has */
export const parseAmzDate = (text: string): Date | undefined => {
  if (!amzDate.test(text)) return undefined;
  const part = (start: number, end: number): number => Number(text.slice(start, end));
  const [year, month, day] = [part(0, 4), part(4, 6), part(6, 8)];
  const date = new Date(Date.UTC(year, month - 1, day, part(9, 11), part(11, 13), part(13, 15)));
  return formatAmzDate(date) === text ? date : undefined;
};

export const hmac = (key: string | Uint8Array, data: string): Buffer =>
  createHmac('sha256', key).update(data, 'latin1').digest();
