import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type Catalogue, loadCatalogue } from '@sallyport/aws';
import { type Decision, GatewayError, type Identity, type PersonId } from '@sallyport/core';
import type { PolicyRequest } from '@sallyport/policy';
import { createDescriber, decodeCatalogue, factsOf, loadParser } from '@sallyport/sql';
import { DataSource } from 'typeorm';
import { Configuration, rowOf } from '../../platform/index.js';
import type { Connection } from '../connections/connection.js';
import { ConnectionsService, connectionNotFound } from '../connections/connections.service.js';
import { PeopleService } from '../people/people.service.js';
import { identityOf } from '../people/person.js';
import { KnownCatalogues } from './known-catalogues.js';
import type { TestPolicyBody, TestView } from './policies.dto.js';
import { PolicyRuntime } from './policy-runtime.js';
import { triedCall } from './trial-call.js';
import { triedModel } from './trial-model.js';

const freshSession = { prepared: new Map<string, string>(), searchPathCertain: true };

/** Answers "would this be allowed?": describes and decides as the gateway would, and runs and records nothing. */
@Injectable()
export class PolicyTrial implements OnModuleInit {
  private readonly describer = createDescriber({ maxEntries: 200 });
  /** Loaded with the first call that is tried. */
  private calls: Catalogue | undefined;

  constructor(
    private readonly database: DataSource,
    private readonly runtime: PolicyRuntime,
    private readonly connections: ConnectionsService,
    private readonly people: PeopleService,
    private readonly catalogues: KnownCatalogues,
    private readonly configuration: Configuration,
  ) {}

  async onModuleInit(): Promise<void> {
    await loadParser();
  }

  /** @throws GatewayError CONNECTION_NOT_FOUND, NOT_FOUND (person), DATABASE_NOT_ALLOWED, INVALID_INPUT */
  async run(by: Identity, body: TestPolicyBody): Promise<TestView> {
    const connection = await this.connections.find(body.connection);
    if (connection === undefined) throw connectionNotFound(body.connection);
    const described = this.described(body.statement, connection);
    if (described !== undefined) return { ...(await this.decide(by, connection, body, described)), resolved: true };
    const database = databaseOf(connection, body.database);
    const snapshot = this.catalogues.find(connection, database);
    const description = this.describer.describe(
      body.statement,
      freshSession,
      snapshot && decodeCatalogue(snapshot.bytes),
    );
    const { risk } = description;
    const operation = { action: 'sql.execute', risk, facts: { ...factsOf(description), database } };
    return { ...(await this.decide(by, connection, body, operation)), resolved: snapshot !== undefined };
  }

  /** Of protocols that need to know nothing of their target; undefined for SQL. */
  private described(statement: string, connection: Connection): PolicyRequest['operation'] | undefined {
    const { protocol } = connection;
    if (protocol === 'aws') return triedCall((this.calls ??= loadCatalogue()), statement, connection);
    return protocol === 'anthropic' || protocol === 'openai' ? triedModel(statement, connection) : undefined;
  }

  private async decide(
    by: Identity,
    { name, labels, protocol }: Connection,
    body: TestPolicyBody,
    operation: PolicyRequest['operation'],
  ): Promise<Omit<TestView, 'resolved'>> {
    const request: PolicyRequest = {
      identity: await this.identityFor(by, body),
      connection: { name, labels, protocol },
      operation,
      assurance: body.assurance ?? 'ticketed',
      turn: body.ai_session === true ? { aiSession: 'invented' } : {},
      soFar: { writes: body.turn_writes ?? 0, untrusted: body.untrusted_content ?? false },
    };
    const decision =
      body.text === undefined ? this.runtime.decide(request) : this.runtime.decideWith(body.text, request);
    return { ...viewOf(decision), operation };
  }

  private async identityFor(by: Identity, { person, identity }: TestPolicyBody): Promise<Identity> {
    if (person !== undefined && identity !== undefined)
      throw new GatewayError('INVALID_INPUT', 'give "person" or "identity", not both');
    if (person !== undefined) return this.known(person);
    if (identity === undefined) return by;
    const { class: kind = 'person', groups = [] } = identity;
    return {
      id: 'invented' as PersonId,
      class: kind,
      issuer: 'sallyport',
      subject: 'invented',
      name: 'invented',
      groups,
      roles: [],
    };
  }

  private async known(id: PersonId): Promise<Identity> {
    const person = await this.people.find(id);
    if (person === undefined) throw new GatewayError('NOT_FOUND', 'there is no such person');
    const found = await rowOf<{ groups: string[] | null }>(
      this.database,
      `select coalesce((select groups from service_accounts where id = $1),
                       (select groups from login_grants where person_id = $1 order by started_at desc limit 1)) as groups`,
      [id],
    );
    return identityOf(person, found?.groups ?? [], this.configuration.roleGroups);
  }
}

function databaseOf({ databases, name }: Connection, wanted: string | undefined): string {
  const database = wanted ?? databases[0];
  if (database !== undefined && databases.includes(database)) return database;
  throw new GatewayError('DATABASE_NOT_ALLOWED', `connection "${name}" does not allow the database "${wanted ?? ''}"`, {
    hint: `it allows ${databases.join(', ')}`,
  });
}

function viewOf(
  decision: Decision,
): Pick<TestView, 'outcome' | 'policies' | 'policy_version' | 'refusal' | 'requirement'> {
  const decided = { outcome: decision.outcome, policies: decision.policies, policy_version: decision.policyVersion };
  if (decision.outcome === 'deny') return { ...decided, refusal: decision.refusal };
  if (decision.outcome === 'allow') return decided;
  const { groups, approvals, timeoutMs, onTimeout, message } = decision.requirement;
  return {
    ...decided,
    requirement: {
      groups,
      approvals,
      timeout_ms: timeoutMs,
      on_timeout: onTimeout,
      ...(message === undefined ? {} : { message }),
    },
  };
}
