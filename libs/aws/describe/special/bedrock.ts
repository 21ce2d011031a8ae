/** Bedrock's runtime: a model's id, the id of an inference profile, or the ARN of any of the things that answer like a model. */
import { isArn, namePart } from '../arn.js';
import type { Call } from '../call.js';
import type { Findings } from '../found.js';
import { textsAt } from '../members.js';

/** Profiles across regions: `eu.anthropic.…`, `us.…`, `global.…`. */
const isProfile = (id: string): boolean => /^(us|us-gov|eu|apac|au|ca|jp|global)\./.test(id);

export const bedrockResources = ({ input, context }: Call, findings: Findings): boolean => {
  const { partition, region, account = '*' } = context;
  for (const id of textsAt(input, 'modelId')) {
    if (isArn(id)) findings.addArn(id);
    else if (isProfile(id)) {
      findings.addPart(
        namePart(id),
        (text) => `arn:${partition}:bedrock:${region}:${account}:inference-profile/${text}`,
      );
      // A profile runs the model in any of its regions, and each needs to be allowed.
      findings.addPart(
        namePart(id.slice(id.indexOf('.') + 1)),
        (text) => `arn:${partition}:bedrock:*::foundation-model/${text}`,
      );
    } else findings.addPart(namePart(id), (text) => `arn:${partition}:bedrock:${region}::foundation-model/${text}`);
  }
  const guardrails = ['guardrailIdentifier', 'guardrailConfig.guardrailIdentifier'].flatMap((path) =>
    textsAt(input, path),
  );
  for (const id of guardrails) {
    if (isArn(id)) findings.addArn(id);
    else findings.addPart(namePart(id), (text) => `arn:${partition}:bedrock:${region}:${account}:guardrail/${text}`);
  }
  return true;
};
