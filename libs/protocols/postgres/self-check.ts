/** Asks the target, by the agent's own login, what that login may do: whether a connection can be called protected. */
import { GatewayError, refusalOf } from '@sallyport/core';
import type { Problem, SelfCheck, Target } from '@sallyport/engine';
import { type SelfCheckQuery, selfCheckQueries } from '@sallyport/sql';
import { type LoggedIn, login } from './login.js';
import { query } from './query.js';
import { parseTargetSettings, type TargetSettings } from './settings.js';

const timeoutMs = 15_000;
const deadlineMs = 30_000;
/** What a report lists; a login that has more than this is not a hardened one. */
const mostProblems = 300;

/** Never rejects: a target that cannot be asked is a report that says so. */
export async function selfCheck(target: Target, database: string): Promise<SelfCheck> {
  const at = new Date();
  try {
    const found = await ask(target, database);
    const problems = found.problems.slice(0, mostProblems);
    return { at, problems, more: found.more + found.problems.length - problems.length };
  } catch (error) {
    return { at, problems: [], more: 0, failure: refusalOf(error) };
  }
}

interface Found {
  readonly problems: readonly Problem[];
  readonly more: number;
}

async function ask(target: Target, database: string): Promise<Found> {
  const { tls, withheld } = parseTargetSettings(target.settings);
  const credential = await target.credential();
  // Nothing but its name is set at the start: what is looked at is what a session of this login begins with.
  const connection = await login({
    host: target.host,
    port: target.port,
    tls,
    credential,
    database,
    settings: [['application_name', 'sallyport-self-check']],
    timeoutMs,
  });
  const late = setTimeout(() => connection.socket.destroy(new Error('late')), deadlineMs);
  try {
    await query(connection, prepared);
    const [server] = await query(connection, `select current_setting('server_version_num') as version`);
    const asked = await askAll(connection, selfCheckQueries({ version: Number(server?.['version']), withheld }));
    const certified = credential.clientCertificate !== undefined;
    const problems = [...wayProblems(target.host, tls), ...loginProblems(connection, certified), ...asked.problems];
    return { problems, more: asked.more };
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError('TARGET_UNREACHABLE', 'the target cannot be asked what its login may do', { cause });
  } finally {
    clearTimeout(late);
    connection.socket.end();
  }
}

/** Names come out the same whatever the login's search_path is, and nothing runs for ever. */
const prepared = `set search_path to pg_catalog; set default_transaction_read_only to on; set statement_timeout to ${timeoutMs}`;

async function askAll(connection: LoggedIn, queries: readonly SelfCheckQuery[]): Promise<Found> {
  const problems: Problem[] = [];
  let more = 0;
  for (const { problem, sql } of queries) {
    const rows = await query(connection, sql);
    for (const { what } of rows) problems.push({ problem, what: what ?? '' });
    more += Number(rows[0]?.['total'] ?? 0) - rows.length;
  }
  return { problems, more };
}

/** Who stands between agent and target can read and change everything, unless it is verified who the target is. */
export function wayProblems(host: string, { mode }: TargetSettings['tls']): Problem[] {
  if (mode === 'verify-full' || mode === 'verify-ca' || isLoopback(host)) return [];
  return [{ problem: 'way', what: mode === 'disable' ? 'not encrypted' : 'target’s certificate not verified' }];
}

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|::1)$/.test(host);

/** A role can change its own password, and so lock the agent out; a server that asks for nothing lets everybody in. */
export function loginProblems({ byPassword }: Pick<LoggedIn, 'byPassword'>, certified: boolean): Problem[] {
  if (byPassword) return [{ problem: 'login', what: 'a password that the role can change' }];
  return certified ? [] : [{ problem: 'login', what: 'no credential is asked for' }];
}
