import type { PolicyPack } from './pack.js';

const call = (head: string, rest: string): string =>
  `${head}(principal, action == Sallyport::Action::"aws.call", resource)\n${rest};\n`;

const entry = `// Everybody with a valid ticket may open a session on an AWS connection. To name groups instead, write for example
//   permit(principal in Sallyport::Group::"engineers", action == Sallyport::Action::"session.connect", resource)
@id("aws-connect")
permit(principal, action == Sallyport::Action::"session.connect", resource)
when { resource.protocol == "aws" };
`;

/** What the gateway could not make out for sure, although nothing in the call looks like a change. */
const uncertain = `["unlisted-action", "resource-unresolved", "resources-cut", "sql-unknown", "body-not-inspected", "bulk-data-movement"]`;

/** The same for everybody, reviewers or not: what is handed out once can be used for ever and by anybody. */
const never = `// Whoever holds a credential, a token or a signed link needs the gateway no longer. Nobody is handed one, and no login is set.
@id("aws-no-credentials")
@message("this hands out or sets a credential or a signed link that works without the gateway: make the call itself through this connection, the gateway signs it for you; to give a program access, give its role the permission")
${call('forbid', 'when { context.flags.containsAny(["credential-issue", "presign"]) }')}
@id("aws-only-known-calls")
@message("the gateway cannot tell which operation this is: use a current AWS CLI or SDK, and its own operations")
${call('forbid', 'when { context.flags.contains("unidentified") }')}
// A value that is read here ends up in a conversation. Programs read their secrets with their own role.
@id("aws-no-secrets")
@message("the answer is a secret and does not leave AWS: refer to it by its name or ARN where a program needs it, and list or describe it to learn more")
${call('forbid', 'when { context.flags.contains("secret-read") }')}`;

const awsReadOnly = `// aws-read-only: calls may read, and nothing else. Secrets in what is read are masked by the agent.

${entry}
@id("aws-read")
${call('permit', 'when { context.risk == "read" }')}
@id("aws-read-only")
@message("this connection is read-only: use an operation that lists, describes or gets")
${call('forbid', 'unless { context.risk == "read" }')}
@id("aws-certain-reads")
@message("the gateway cannot tell for sure what this reads: name the resource exactly, without wildcards and dot segments, or use another operation")
${call('forbid', `when { context.risk == "read" && context.flags.containsAny(${uncertain}) }`)}
${never}`;

const reviewed = (id: string, message: string, condition: string): string => `@id("${id}")
@review("reviewers")
@timeout("10m")
@on_timeout("deny")
@message("${message}")
${call('permit', `when { ${condition} }`)}`;

const awsSafe = `// aws-safe: reads run, changes wait for a reviewer, credentials and secrets stay where they are.
// The group that reviews is named in @review: change "reviewers" to one of yours.

${entry}
@id("aws-read")
${call('permit', `when { context.risk == "read" && !context.flags.containsAny(${uncertain}) }`)}
${reviewed('aws-reviewed-read', 'the gateway cannot tell for sure what this reads, or it reads very much, so a reviewer must look at it', `context.risk == "read" && context.flags.containsAny(${uncertain})`)}
${reviewed('aws-reviewed-write', 'changes wait for a reviewer', 'context.risk == "write"')}
// Rights, roles, sharing; and what runs by itself later: commands, code, user data, templates, state machines, targets.
${reviewed('aws-reviewed-privilege', 'this gives rights, opens something, or makes something run with rights of its own, so a reviewer must look at it', 'context.risk == "privilege"')}
${reviewed('aws-reviewed-destruction', 'this deletes or weakens something that may not come back, so a reviewer must look at it', 'context.risk == "destructive"')}
// What the gateway cannot understand is for a person to judge, never for a rule to let pass.
${reviewed('aws-reviewed-unknown', 'the gateway cannot tell what this does, so a reviewer must', 'context.risk == "unknown"')}
// An AI identity has nobody behind it who could answer for these. The AI session of a person waits for a reviewer like that person.
@id("aws-not-by-ai")
@message("an AI identity may not open anything to the public or to other accounts, change rights, or delete backups, logs, trails and keys: ask a person to do it")
${call(
  'forbid',
  `when {
  context.class == "ai" &&
  context.flags.containsAny(["public-exposure", "cross-account-share", "privilege-escalation", "backup-delete", "log-tamper", "key-delete"])
}`,
)}
${never}`;

export const awsPacks: readonly PolicyPack[] = [
  { name: 'aws-read-only', title: 'AWS: read only', text: awsReadOnly },
  {
    name: 'aws-safe',
    title: 'AWS: reads run, changes are reviewed, credentials and secrets stay',
    text: awsSafe,
  },
];
