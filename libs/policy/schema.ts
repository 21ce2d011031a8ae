/** Attributes that every action's context has; the last three are claims of the AI client that its ticket carries. */
const common = `
    "risk": String,
    "assurance": String,
    "class": String,
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
export const actions = ['session.connect', 'sql.execute', 'sql.notification'] as const;
