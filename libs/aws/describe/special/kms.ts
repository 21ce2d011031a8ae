/** KMS: a key is named by id, by alias, or by the ARN of either. */
import { isArn, namePart } from '../arn.js';
import type { Call } from '../call.js';
import type { Findings } from '../found.js';
import { textsAt } from '../members.js';

const members = ['KeyId', 'TargetKeyId', 'SourceKeyId', 'DestinationKeyId', 'AliasName', 'TrustAnchorCertificateId'];

export const kmsResources = (call: Call, findings: Findings): boolean => {
  const { partition, region, account = '*' } = call.context;
  const names = members.flatMap((member) => textsAt(call.input, member));
  for (const name of names) {
    if (isArn(name)) findings.addArn(name);
    else
      findings.addPart(
        namePart(name),
        (text) => `arn:${partition}:kms:${region}:${account}:${text.startsWith('alias/') ? text : `key/${text}`}`,
      );
  }
  return names.length > 0;
};
