/**
 * What an error may hold that models describe: DynamoDB sends the item that did not meet a condition, where the client has
 * asked for that (`ReturnValuesOnConditionCheckFailure`). It is hidden as items in answers are.
 */
import { answerMembers, type MemberNode, type MemberReference } from './members.js';

const referenceOf = (operation: string, member: string): MemberReference | undefined => {
  const { service, node } = answerMembers('dynamodb', operation);
  const answer = service.nodes[node] || undefined;
  return answer?.m?.[member];
};

/** Undefined where nothing in the errors of a service is anybody's data. */
export const errorNode = (service: string): MemberNode | undefined => {
  if (service !== 'dynamodb') return undefined;
  const item = referenceOf('GetItem', 'Item');
  const reasons = referenceOf('TransactGetItems', 'Responses'); // a list of what has an item, as the reasons are
  return {
    m: {
      ...(item === undefined ? {} : { Item: item }),
      ...(reasons === undefined ? {} : { CancellationReasons: reasons }),
    },
  };
};
