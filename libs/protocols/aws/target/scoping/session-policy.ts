/**
 * The session policy that a call runs under: its IAM actions on its resources, in the fewest characters, widened step by
 * step where AWS would not take that many. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */

/** Characters of a session policy in plain text that AssumeRole takes. */
const mostCharacters = 2_048;

export interface CallScope {
  readonly service: string;
  readonly region: string;
  /** `prefix:Action` */
  readonly actions: readonly string[];
  /** ARNs; none means that the actions know no resources. */
  readonly resources: readonly string[];
}

export interface SessionPolicy {
  readonly text: string;
  /** It names exactly the call's actions and resources. */
  readonly exact: boolean;
}

interface Statement {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}

/** Services that use the caller's own right to a key where what they keep is encrypted with one. */
const useKeys = new Set(
  'athena backup dynamodb ec2 ecr glue kinesis lambda rds redshift s3 secretsmanager sns sqs ssm'.split(' '),
);

/** From the narrowest on, all of which AWS may take by its count of characters; none where even the widest is too long. */
export function sessionPolicies(scope: CallScope): readonly SessionPolicy[] {
  const exact = statementsOf(scope);
  const steps = [exact, exact.map(withPrefixes), exact.map(withServices), exact.map(withEverything)];
  const texts = steps.map((statements) => textOf(statements, scope));
  return [...new Set(texts)]
    .map((text) => ({ text, exact: text === texts[0] }))
    .filter(({ text }) => text.length <= mostCharacters);
}

/** Actions of one service go with the resources of that service: each side of a call may need its own. */
function statementsOf({ actions, resources }: CallScope): Statement[] {
  const byPrefix = grouped([...new Set(actions)].sort(), (action) => action.split(':')[0]!);
  const named = [...new Set(resources)].sort();
  return [...byPrefix].map(([prefix, ofPrefix]) => {
    const own = named.filter((resource) => resource === '*' || serviceOf(resource) === prefix);
    const others = named.filter((resource) => !byPrefix.has(serviceOf(resource)));
    const chosen = own.length > 0 ? own : others;
    return { actions: ofPrefix, resources: chosen.length === 0 || chosen.includes('*') ? ['*'] : chosen };
  });
}

function grouped(texts: readonly string[], by: (text: string) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const text of texts) {
    const group = groups.get(by(text));
    if (group === undefined) groups.set(by(text), [text]);
    else group.push(text);
  }
  return groups;
}

const serviceOf = (resource: string): string => resource.split(':')[2] ?? '';
/** `arn:aws:dynamodb:eu-central-1:123456789012` */
const placeOf = (resource: string): string => resource.split(':').slice(0, 5).join(':');

const withPrefixes = ({ actions, resources }: Statement): Statement => ({
  actions,
  resources: [...grouped(resources, placeOf)].map(([, group]) => commonPrefix(group)),
});

function commonPrefix(texts: readonly string[]): string {
  const first = texts[0]!;
  if (texts.length === 1) return first;
  let length = first.length;
  for (const text of texts) while (!text.startsWith(first.slice(0, length))) length -= 1;
  return `${first.slice(0, length).replace(/\*.*$/, '')}*`;
}

const withServices = ({ actions, resources }: Statement): Statement => ({
  actions,
  resources: [...new Set(resources.map((resource) => (resource === '*' ? '*' : `${placeOf(resource)}:*`)))],
});

const withEverything = ({ actions }: Statement): Statement => ({ actions, resources: ['*'] });

const oneOrAll = (texts: readonly string[]): string | readonly string[] => (texts.length === 1 ? texts[0]! : texts);

function textOf(statements: readonly Statement[], { service, region }: CallScope): string {
  const allowed = statements.map(({ actions, resources }) => ({
    Effect: 'Allow',
    Action: oneOrAll(actions),
    Resource: oneOrAll(resources),
  }));
  return JSON.stringify({ Version: '2012-10-17', Statement: [...allowed, ...keyUse(service, region)] });
}

/** Only by way of the service: what the call itself may do with keys is in its actions. */
const keyUse = (service: string, region: string): unknown[] =>
  useKeys.has(service)
    ? [
        {
          Effect: 'Allow',
          Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
          Resource: '*',
          Condition: { StringLike: { 'kms:ViaService': `${service}.${region}.*` } },
        },
      ]
    : [];
