/** Systems Manager: a path of parameters is all below it; commands go to instances or to whatever has a tag. */
import { namePart } from '../arn.js';
import type { Call } from '../call.js';
import type { Findings } from '../found.js';
import { has, textsAt } from '../members.js';

export const ssmResources = (call: Call, findings: Findings): boolean => {
  const { partition, region, account = '*' } = call.context;
  if (call.operation === 'GetParametersByPath') {
    for (const path of textsAt(call.input, 'Path')) {
      const prefix = path.replace(/^\//, '').replace(/\/$/, '');
      if (prefix === '') findings.add(`arn:${partition}:ssm:${region}:${account}:parameter/*`);
      else
        findings.addPart(namePart(prefix), (text) => `arn:${partition}:ssm:${region}:${account}:parameter/${text}/*`);
    }
    return findings.size > 0;
  }
  if (call.operation === 'SendCommand' && has(call.input, 'Targets'))
    findings.add(`arn:${partition}:ec2:${region}:${account}:instance/*`);
  return false;
};
