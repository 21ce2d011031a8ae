/** Someone (or something) that the development issuer knows. */
export interface Person {
  readonly name: string;
  readonly email: string;
  readonly groups: readonly string[];
}

/** The cast of the tests and of the quickstart, by the name they type at the login page. */
export const cast = {
  ada: { name: 'Ada', email: 'ada@example.test', groups: ['engineers'] },
  edsger: { name: 'Edsger', email: 'edsger@example.test', groups: ['engineers'] },
  ravi: { name: 'Ravi', email: 'ravi@example.test', groups: ['reviewers'] },
  rosa: { name: 'Rosa', email: 'rosa@example.test', groups: ['reviewers'] },
  grace: { name: 'Grace', email: 'grace@example.test', groups: ['admins', 'auditors'] },
  /** Belongs to no group: may log in to the issuer, and may do nothing here. */
  mallory: { name: 'Mallory', email: 'mallory@example.test', groups: [] },
} as const satisfies Record<string, Person>;

export type CastName = keyof typeof cast;
