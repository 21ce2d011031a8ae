import type { Answer } from './answer.js';
import { policyDiff } from './policy-diff.js';
import { formRead, inputText, type Read } from './read.js';
import type { Preview, Waited } from './table.js';

const version = '2010-05-08';
const input = ({ identified }: Waited, name: string): string => inputText(identified.input, name);
const read = (call: Waited, action: string, values: Readonly<Record<string, string>>): Read =>
  formRead(call.scope, action, version, values);

/** IAM answers with policies that are percent-encoded. */
function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const isGone = (answer: Answer | undefined): boolean => answer?.errorCode === 'NoSuchEntity';

/** Of the inline policy of a user, role or group. */
const inline = (of: 'User' | 'Role' | 'Group'): Preview => ({
  reads: (call) => [
    read(call, `Get${of}Policy`, { [`${of}Name`]: input(call, `${of}Name`), PolicyName: input(call, 'PolicyName') }),
  ],
  tell: ([now], call) => {
    if (!now?.ok && !isGone(now)) return ['the policy of now cannot be read'];
    const after = call.identified.operation.startsWith('Put') ? input(call, 'PolicyDocument') : undefined;
    return [
      'what changes in the inline policy:',
      ...policyDiff(now?.ok ? decoded(now.first('PolicyDocument')) : undefined, after),
    ];
  },
});

const attached = (of: 'User' | 'Role' | 'Group'): Preview => ({
  reads: (call) => [read(call, `ListAttached${of}Policies`, { [`${of}Name`]: input(call, `${of}Name`) })],
  tell: ([now]) =>
    now?.ok
      ? [
          `attached now: ${
            now
              .all('PolicyArn')
              .map(({ text }) => text)
              .join(', ') || 'none'
          }`,
        ]
      : ['what is attached now cannot be read'],
});

const trust: Preview = {
  reads: (call) => [read(call, 'GetRole', { RoleName: input(call, 'RoleName') })],
  tell: ([now], call) =>
    now?.ok
      ? [
          'what changes in the trust policy:',
          ...policyDiff(decoded(now.first('AssumeRolePolicyDocument')), input(call, 'PolicyDocument')),
        ]
      : ['the trust policy of now cannot be read'],
};

export const iamPreviews: readonly (readonly [string, Preview])[] = (['User', 'Role', 'Group'] as const)
  .flatMap((of): (readonly [string, Preview])[] => [
    [`iam:Put${of}Policy`, inline(of)],
    [`iam:Delete${of}Policy`, inline(of)],
    [`iam:Attach${of}Policy`, attached(of)],
    [`iam:Detach${of}Policy`, attached(of)],
  ])
  .concat([['iam:UpdateAssumeRolePolicy', trust]]);
