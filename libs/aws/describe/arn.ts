/** Names and ARNs of requests as the resource part of a policy. */
import type { DescribeContext } from './context.js';

export interface Part {
  readonly text: string;
  /** False where the name does not fit an ARN or may be read in two ways. */
  readonly fits: boolean;
}

/** IAM's own way to write a character that would otherwise stand for others. */
const escaped = (text: string): string =>
  text
    .replace(/\$(?=\{)/g, '${$}')
    .replace(/\*/g, '${*}')
    .replace(/\?/g, '${?}')
    // `?` stands for exactly one character: the name stays as narrow as it can be written.
    .replace(/[\p{Cc}\u2028\u2029]/gu, '?');

const longest = 1024;

/** Segments that one server resolves and another takes literally, once or twice encoded. */
const isTwofold = (text: string): boolean =>
  /(^|\/)\.{1,2}(\/|$)/.test(text) || /%(2e|2f|5c|25|00)/i.test(text) || text.includes('\\');

/** The key of an object may hold any character. */
export const keyPart = (key: string): Part => {
  const fits = !isTwofold(key) && !/(^|\/)\//.test(key) && !/[\p{Cc}\u2028\u2029]/u.test(key);
  return { text: escaped(key.slice(0, longest)), fits: fits && key.length <= longest };
};

/** The name or id of anything else. */
export const namePart = (name: string): Part => {
  const fits = /^[\w+=.@:/#$~ ()!'-]+$/.test(name) && !isTwofold(name) && !name.includes('${') && !name.includes('//');
  return { text: escaped(name.slice(0, longest)), fits: fits && name.length <= longest };
};

const arnSyntax = /^arn:[a-z][a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}|aws|aws-managed|cloudfront)?:(.+)$/s;

export const isArn = (text: string): boolean => text.startsWith('arn:');

/** An ARN that a request gave. */
export const arnPart = (arn: string): Part => {
  const resource = arnSyntax.exec(arn)?.[2];
  const fits = resource !== undefined && (keyPart(resource).fits || namePart(resource).fits) && !/[*?]/.test(arn);
  return { text: escaped(arn.slice(0, longest)), fits: fits && arn.length <= longest };
};

/** What an ARN names last: `cluster/web` is `web`. */
export const lastName = (value: string): string =>
  isArn(value) ? value.slice(Math.max(value.lastIndexOf('/'), value.lastIndexOf(':')) + 1) : value;

const own = (name: string, { partition, region, account }: DescribeContext): string | undefined => {
  if (name === 'Partition') return partition;
  if (name === 'Region' || name === 'AWSRegion') return region === '' ? '*' : region;
  return name === 'Account' ? (account ?? '*') : undefined;
};

/** Fills a template's variables: the call's own ones by the context, the rest by `parts` in order, `*` where unknown. */
export const fill = (template: string, context: DescribeContext, parts: readonly (string | undefined)[]): string => {
  let at = 0;
  return template.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const known = own(name, context);
    if (known !== undefined) return known;
    at += 1;
    return parts[at - 1] ?? '*';
  });
};

export const variableCount = (template: string): number =>
  [...template.matchAll(/\$\{(\w+)\}/g)].filter(
    ([, name]) => !['Partition', 'Region', 'AWSRegion', 'Account'].includes(name!),
  ).length;
