/** Lambda: a function is `name`, `name:qualifier`, `account:function:name`, or an ARN; a qualifier may stand beside it. */
import { isArn, namePart } from '../arn.js';
import type { Call } from '../call.js';
import type { Findings } from '../found.js';
import { textAt, textsAt } from '../members.js';

export const lambdaResources = (call: Call, findings: Findings): boolean => {
  const { partition, region, account = '*' } = call.context;
  const names = textsAt(call.input, 'FunctionName');
  const qualifier = textAt(call.input, 'Qualifier');
  for (const name of names) {
    const [, owner, rest] = /^(?:arn:[^:]+:lambda:[^:]*:)?(\d{12}):function:(.+)$/.exec(name) ?? [
      undefined,
      account,
      name,
    ];
    const whole = qualifier === undefined || rest.includes(':') ? rest : `${rest}:${qualifier}`;
    if (isArn(name)) findings.addArn(whole === rest ? name : `${name}:${qualifier}`);
    // `$LATEST` is the qualifier of what is not published.
    else findings.addPart(namePart(whole), (text) => `arn:${partition}:lambda:${region}:${owner}:function:${text}`);
  }
  return names.length > 0 && !['CreateEventSourceMapping', 'UpdateEventSourceMapping'].includes(call.operation);
};
