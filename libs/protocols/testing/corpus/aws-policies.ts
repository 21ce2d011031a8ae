/** The corpus' reference policy `aws_ro` as an administrator would write it: Cedar text, decided by the real engine. */

const orders = 'arn:aws:dynamodb:us-east-1:111122223333:table/orders';

/** Objects under one prefix and one table; a name that may be read in two ways is none of them. */
const resolved = `!context.flags.containsAny(["resource-unresolved", "resources-cut", "ambiguous", "unlisted-action"])`;
const known = `${resolved} && !context.flags.contains("body-not-inspected")`;
const objects = `context.bucket == "app-data" && context.key like "public/*" && context.resource like "arn:aws:s3:::app-data/public/*"`;
const table = `["${orders}"].containsAll(context.resources)`;

export const awsReadOnlyReference = `
@id("connect")
permit(principal, action == Sallyport::Action::"session.connect", resource);

@id("who-am-i")
permit(principal, action == Sallyport::Action::"aws.call", resource)
when { context.actions == ["sts:GetCallerIdentity"] };

@id("observe")
permit(principal, action == Sallyport::Action::"aws.call", resource)
when { context.risk == "read" && ["ec2", "cloudwatch", "logs"].contains(context.service) && ${known} };

@id("read-table")
permit(principal, action == Sallyport::Action::"aws.call", resource)
when { context.risk == "read" && context.service == "dynamodb" && ${table} && ${known} };

@id("read-objects")
permit(principal, action == Sallyport::Action::"aws.call", resource)
when { context.risk == "read" && context.service == "s3" && context.operation == "GetObject" && ${objects} && ${known} };

@id("reviewed-writes")
@review("reviewers")
@timeout("10m")
@message("changes to orders and to public objects wait for a reviewer")
permit(principal, action == Sallyport::Action::"aws.call", resource)
when { context.risk == "write" && ${resolved} &&
  ((context.service == "dynamodb" && ${known} && ${table}) || (context.service == "s3" && ${objects})) };

@id("reviewed-execution")
@review("reviewers")
@timeout("10m")
@message("what runs code or templates waits for a reviewer")
permit(principal, action == Sallyport::Action::"aws.call", resource)
when { context.risk == "privilege" && ${known} &&
  ["RunInstances", "SendCommand", "Invoke", "StartExecution", "CreateChangeSet"].contains(context.operation) };

@id("never")
@message("no credential, no secret, no right, and nothing that carries many data away")
forbid(principal, action == Sallyport::Action::"aws.call", resource)
when { context.flags.containsAny(["credential-issue", "presign", "secret-read", "privilege-escalation", "public-exposure",
  "cross-account-share", "bulk-data-movement", "backup-delete", "log-tamper", "key-delete"])
  && !["RunInstances", "CreateChangeSet"].contains(context.operation) };
`;
