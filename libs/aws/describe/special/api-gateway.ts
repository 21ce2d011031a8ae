/** API Gateway: actions are HTTP methods and resources are paths, `apigateway:GET` on `arn:aws:apigateway:eu-west-1::/restapis/…`. */
import { keyPart } from '../arn.js';
import type { Call } from '../call.js';
import type { Findings } from '../found.js';

const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
};

export const apiGatewayResources = ({ request, context }: Call, findings: Findings): boolean => {
  const part = keyPart(decoded(request.path).replace(/^\/(v2\/)?/, ''));
  findings.addPart(part, (path) => `arn:${context.partition}:apigateway:${context.region}::/${path}`);
  return true;
};
