/** Attributes that every action's context has; the last three are claims of the AI client that its ticket carries. */
const common = `
    "risk": String,
    "assurance": String,
    "class": String,
    "turn_writes": Long,
    "untrusted_content": Bool,
    "ai_session": Bool,
    "ai_session_id"?: String,
    "turn"?: String,
    "tool_call"?: String,`;

/**
 * What policies may speak about, in Cedar's schema language (Cedar 4.5). A request or a policy that does not fit it is
 * refused: a forbid that reads an attribute which is missing would otherwise be skipped, and so allow.
 *
 * - `context.risk` is one of `read`, `write`, `privilege`, `destructive`, `unknown`.
 * - `context.assurance` is one of `identity`, `inferred`, `ticketed`, `bound`; `context.class` of `person`, `machine`, `ai`.
 * - `context.masked_columns_probed` are masked columns whose values the statement could tell without showing them;
 *   those of `masked_columns_looked_up` are only compared with what the client sent; `masked_columns_stored` are copied.
 * - `context.masked_columns_computed` are those that an expression is made of, be it only shown.
 * - `context.ai_session` says whether the ticket names an AI session.
 * - `context.turn_writes` counts what was allowed in this turn before, on any connection, of a risk above `read`; 0 without a turn.
 * - `context.untrusted_content` says whether a tool of this turn has read what strangers write: the web, another server.
 *
 * Of `aws.call`:
 * - `context.service` and `context.operation` are botocore's names: `dynamodb` and `GetItem`.
 * - `context.account` is empty where the agent could not ask whose credential it holds.
 * - `context.actions` are the IAM actions that the call needs, and `context.resources` the ARNs that it names, of every
 *   operation that the request may be; `*` stands for what is not told. `context.resource` is the only one, else empty.
 *   To allow a few resources and nothing beside them, ask whether a list contains all of `context.resources`.
 * - `context.flags` are listed, with what they mean, in `awsFlags` of libs/aws/describe/flags/names.ts.
 * - `context.bucket` and `context.key` are those of S3, empty elsewhere.
 * - `context.sql_verbs`, `context.sql_relations` and `context.sql_written` are of SQL that the call carries.
 *
 * Of `model.request`:
 * - `context.api` is one of `modelApiNames` of libs/models/types.ts, `anthropic.models` or `openai.models` for lists of models.
 * - `context.prompt` is what the user's side has said since the model's last answer, its first 16,384 characters; whether
 *   there was more says `context.prompt_cut`. `context.prompt_kind` is `human`, `notification`, `internal` (a request of the
 *   client's own, or of a sub-agent), `tool-results` or `none`.
 * - `context.tools` are offered by the client, which runs them itself; `context.server_tools` would be run by the provider.
 * - `context.betas` are the names in the client's beta headers, `context.unknown_members` members that the gateway does not know.
 * - `context.flags` are listed, with what they mean, in `modelFlags` of libs/models/types.ts, and `not-understood`.
 * - `context.max_tokens` is 0 where the request does not say it.
 *
 * Of `model.tool_call`:
 * - `context.input` is JSON as the model wrote it, its first 16,384 characters; whether there was more says `context.input_cut`.
 * - `context.command` is what a shell is told to do, empty where the tool is none.
 * - `context.declared` says whether the request offered a tool of this name. A call with `context.by_provider` has run already.
 */
export const schemaText = `namespace Sallyport {
  entity Group;
  entity Label;
  entity User in [Group] = { "class": String, "name": String, "issuer": String, "roles": Set<String> };
  entity Connection in [Label] = { "name": String, "protocol": String };

  action "session.connect" appliesTo {
    principal: [User], resource: [Connection],
    context: {${common}
    "database"?: String,
    "client"?: String
    }
  };

  action "sql.execute" appliesTo {
    principal: [User], resource: [Connection],
    context: {${common}
    "database": String,
    "verbs": Set<String>,
    "relations": Set<String>,
    "written": Set<String>,
    "columns": Set<String>,
    "functions": Set<String>,
    "flags": Set<String>,
    "has_where": Bool,
    "statements": Long,
    "unresolved": Bool,
    "opaque": Bool,
    "masked_columns": Set<String>,
    "masked_columns_probed": Set<String>,
    "masked_columns_looked_up": Set<String>,
    "masked_columns_stored": Set<String>,
    "masked_columns_computed": Set<String>
    }
  };

  action "aws.call" appliesTo {
    principal: [User], resource: [Connection],
    context: {${common}
    "service": String,
    "operation": String,
    "region": String,
    "account": String,
    "partition": String,
    "actions": Set<String>,
    "resources": Set<String>,
    "resource": String,
    "flags": Set<String>,
    "bucket": String,
    "key": String,
    "candidates": Long,
    "sql_verbs": Set<String>,
    "sql_relations": Set<String>,
    "sql_written": Set<String>
    }
  };

  action "model.request" appliesTo {
    principal: [User], resource: [Connection],
    context: {${common}
    "api": String,
    "model": String,
    "stream": Bool,
    "max_tokens": Long,
    "prompt": String,
    "prompt_cut": Bool,
    "prompt_kind": String,
    "tools": Set<String>,
    "server_tools": Set<String>,
    "media": Set<String>,
    "betas": Set<String>,
    "flags": Set<String>,
    "unknown_members": Set<String>,
    "messages": Long,
    "input_tokens": Long
    }
  };

  action "model.tool_call" appliesTo {
    principal: [User], resource: [Connection],
    context: {${common}
    "api": String,
    "model": String,
    "tool": String,
    "input": String,
    "input_cut": Bool,
    "declared": Bool,
    "by_provider": Bool,
    "command": String
    }
  };

  action "sql.notification" appliesTo {
    principal: [User], resource: [Connection],
    context: {${common}
    "database"?: String,
    "channel"?: String
    }
  };
}
`;

/** The actions that the schema knows; anything else is refused. */
export const actions = [
  'session.connect',
  'sql.execute',
  'sql.notification',
  'aws.call',
  'model.request',
  'model.tool_call',
] as const;
