/** A ready-made set of policies that a new installation starts from and edits. */
export interface PolicyPack {
  readonly name: string;
  readonly title: string;
  /** Cedar text. */
  readonly text: string;
}

const entry = `// Everybody with a valid ticket may open a session. To name groups instead, write for example
//   permit(principal in Sallyport::Group::"engineers", action == Sallyport::Action::"session.connect", resource);
// and to name connections by label
//   permit(principal, action == Sallyport::Action::"session.connect", resource in Sallyport::Label::"staging");
@id("connect")
permit(principal, action == Sallyport::Action::"session.connect", resource);

// What a session has asked to hear about (LISTEN) reaches it, masked like every other answer.
@id("notifications")
permit(principal, action == Sallyport::Action::"sql.notification", resource);

@id("read")
permit(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.risk == "read" };
`;

const postgresReadOnly = `// postgres-read-only: sessions may read, and nothing else.

${entry}
@id("read-only")
@message("this connection is read-only; rewrite the statement so that it only reads")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
unless { context.risk == "read" };
`;

const postgresSafe = `// postgres-safe: reads run, bounded changes wait for a reviewer, what cannot be undone is refused.
// The group that reviews is named in @review: change "reviewers" to one of yours.

${entry}
// Changes that say which rows they mean.
@id("reviewed-write")
@review("reviewers")
@timeout("10m")
@on_timeout("deny")
@message("changes to data wait for a reviewer")
permit(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.risk == "write" && context.has_where };

// What the gateway cannot understand is for a person to judge, never for a rule to let pass.
@id("reviewed-unknown")
@review("reviewers")
@timeout("10m")
@on_timeout("deny")
@message("the gateway cannot tell what this does, so a reviewer must")
permit(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.risk == "unknown" };

@id("no-unbounded-change")
@message("UPDATE and DELETE need a WHERE clause here; say which rows you mean")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.verbs.containsAny(["update", "delete"]) && !context.has_where };

@id("no-drop")
@message("DROP and TRUNCATE are not allowed here; ask a database administrator to do it")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.verbs.containsAny(["drop", "truncate"]) };

@id("no-destruction")
@message("this would destroy data or structure and is not allowed here")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
when { context.risk == "destructive" };

@id("no-privilege")
@message("changing rights, roles or server settings, and reaching files or programs of the server, is not allowed here")
forbid(principal, action == Sallyport::Action::"sql.execute", resource)
when {
  context.risk == "privilege" ||
  context.verbs.containsAny(["grant", "revoke"]) ||
  context.flags.containsAny(["set-role", "program", "server-file"])
};
`;

/** None of them permits an operation with risk `unknown` without a review. */
export const packs: readonly PolicyPack[] = [
  { name: 'postgres-read-only', title: 'PostgreSQL: read only', text: postgresReadOnly },
  {
    name: 'postgres-safe',
    title: 'PostgreSQL: reads run, changes are reviewed, destruction is refused',
    text: postgresSafe,
  },
];
