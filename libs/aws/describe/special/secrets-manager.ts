/** Secrets Manager: a secret's ARN ends in six characters that its name does not tell. */
import { isArn, namePart } from '../arn.js';
import type { Call } from '../call.js';
import type { Findings } from '../found.js';
import { textsAt } from '../members.js';

export const secretsManagerResources = (call: Call, findings: Findings): boolean => {
  const { partition, region, account = '*' } = call.context;
  const names = ['SecretId', 'SecretIdList[]', ...(call.operation === 'CreateSecret' ? ['Name'] : [])].flatMap((path) =>
    textsAt(call.input, path),
  );
  for (const name of names) {
    if (isArn(name)) findings.addArn(name);
    else
      findings.addPart(
        namePart(name),
        (text) => `arn:${partition}:secretsmanager:${region}:${account}:secret:${text}-??????`,
      );
  }
  // By filter, or by nothing: any secret.
  if (call.operation === 'BatchGetSecretValue' && names.length === 0)
    findings.add(`arn:${partition}:secretsmanager:${region}:${account}:secret:*`);
  return names.length > 0;
};
