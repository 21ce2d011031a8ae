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
export const formatAmzDate = (date: Date): string => date.toISOString().replace(/[-:]|\.\d{3}/g, '');

const amzDate = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** @returns undefined where the text is no date, or one that no calendar has */
export const parseAmzDate = (text: string): Date | undefined => {
  const match = amzDate.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  return formatAmzDate(date) === text ? date : undefined;
};

export const hmac = (key: string | Uint8Array, data: string): Buffer =>
  createHmac('sha256', key).update(data, 'latin1').digest();
