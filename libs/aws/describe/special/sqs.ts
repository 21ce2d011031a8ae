/** SQS: a queue is named by its URL, whose last two segments are account and name. */
import { isArn, namePart } from '../arn.js';
import type { Call } from '../call.js';
import type { Findings } from '../found.js';
import { textAt, textsAt } from '../members.js';

export const sqsResources = (call: Call, findings: Findings): boolean => {
  const { partition, region, account = '*' } = call.context;
  const arn = (owner: string, name: string) =>
    findings.addPart(namePart(name), (text) => `arn:${partition}:sqs:${region}:${owner}:${text}`);
  const before = findings.size;
  for (const url of urlsOf(call)) {
    const [, owner, name] = /^(?:https?:\/\/[^/?#]+)?\/?(\d{12})\/([^/?#]+)\/?$/.exec(url) ?? [];
    if (owner !== undefined && name !== undefined) arn(owner, name);
    else {
      findings.markUnresolved();
      findings.add(`arn:${partition}:sqs:${region}:*:*`);
    }
  }
  for (const name of textsAt(call.input, 'QueueName'))
    arn(textAt(call.input, 'QueueOwnerAWSAccountId') ?? account, name);
  for (const path of ['SourceArn', 'DestinationArn'])
    for (const each of textsAt(call.input, path)) if (isArn(each)) findings.addArn(each);
  if (findings.size === before && call.operation !== 'ListQueues') findings.markUnresolved();
  return true;
};

/** The query protocol may address the queue by the request's own path. */
const urlsOf = ({ input, request }: Call): string[] => {
  const urls = textsAt(input, 'QueueUrl');
  return urls.length > 0 || !/^\/\d{12}\/[^/]+/.test(request.path) ? urls : [request.path];
};
