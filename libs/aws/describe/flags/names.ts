/** Every flag that a description may carry, with what it means. Closed: a policy that names another is a mistake. */
export const awsFlags = {
  'credential-issue': 'the answer holds, or the call sets, a credential, token or login that works without the gateway',
  'secret-read': 'the answer is a secret: a value of a store, a password, a data key, user data',
  'secret-inside': 'the answer may hold secrets among other things; the agent masks them',
  presign: 'the answer holds a link that is signed and works without the gateway',
  'public-exposure': 'something becomes reachable or readable for everybody',
  'cross-account-share': 'something is shared with another account',
  'privilege-escalation': 'rights are given, widened or re-activated',
  'pass-role': 'a role is handed to a service, which then acts with it',
  'indirect-execution': 'code, commands, templates or targets are set or started, which then act by themselves',
  'backup-delete': 'a backup, snapshot, recovery point or what keeps them is deleted or weakened',
  'log-tamper': 'logs, trails or findings are stopped, deleted or thinned',
  'key-delete': 'a key or secret is deleted or made unusable',
  'data-delete': 'data is deleted that nothing brings back by itself',
  'bulk-data-movement': 'many data are copied, exported or replicated to another place',
  'dry-run': 'the call asks only whether it would be allowed',
  ambiguous: 'the request may be more than one operation: actions, resources and risk are of all of them',
  'unlisted-action': 'IAM knows no action of the name that the operation would need',
  'resource-unresolved': 'a resource is not told, or its name may be read in two ways',
  'resources-cut': 'it names more resources than are listed',
  sql: 'it carries SQL; sql_verbs, sql_relations and sql_written say what of it was read',
  'sql-unknown': 'it carries SQL that could not be read',
  unidentified: 'no operation was found for the request: it is never sent on',
  presigned: 'the request itself is a presigned link',
  'body-not-inspected': 'the body was not read before deciding',
} as const;

export type AwsFlag = keyof typeof awsFlags;

export const flagNames = Object.keys(awsFlags) as readonly AwsFlag[];
