/** CloudWatch Logs: policies name a group with `:*` behind it, which is every stream in it. */
import { isArn, namePart } from '../arn.js';
import type { Call } from '../call.js';
import type { Findings } from '../found.js';
import { has, textsAt } from '../members.js';

const groups = ['logGroupName', 'logGroupNames[]', 'logGroupIdentifier', 'logGroupIdentifiers[]', 'logGroupArnList[]'];

export const logsResources = (call: Call, findings: Findings): boolean => {
  const { partition, region, account = '*' } = call.context;
  const names = groups.flatMap((path) => textsAt(call.input, path));
  const stream = textsAt(call.input, 'logStreamName');
  for (const name of names) {
    const bare = name.replace(/:\*$/, '');
    const arn = isArn(bare) ? bare : undefined;
    const toArn = (text: string) => arn ?? `arn:${partition}:logs:${region}:${account}:log-group:${text}`;
    if (arn !== undefined) findings.addArn(`${arn}`);
    for (const each of stream)
      findings.addPart(namePart(each), (text) => `${toArn(namePart(bare).text)}:log-stream:${text}`);
    if (stream.length === 0 && arn === undefined) findings.addPart(namePart(bare), (text) => `${toArn(text)}:*`);
  }
  return names.length > 0 && !has(call.input, 'resourceArn');
};
