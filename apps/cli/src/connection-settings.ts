/** What only one protocol's connections have, as the API answers it. */
export interface ProtocolSettings {
  readonly regions?: readonly string[];
  readonly accounts?: readonly string[];
  readonly role?: string;
}

interface Described {
  readonly protocol: string;
  readonly databases?: readonly string[];
  readonly settings?: ProtocolSettings;
}

const orAny = (names: readonly string[] | undefined, any: string): string =>
  names?.length ? names.join(', ') : `any ${any}`;

/** What may be reached through a connection, in a table's cell. */
export const scopeOf = ({ protocol, databases, settings: { regions, accounts, role } = {} }: Described): unknown =>
  protocol === 'aws'
    ? `${orAny(accounts, 'account')} in ${orAny(regions, 'region')}${role ? `, as ${role}` : ''}`
    : ofModels.has(protocol)
      ? 'any model'
      : databases;

const ofModels: ReadonlySet<string> = new Set(['anthropic', 'openai']);

/** The options by which they are set. */
export interface SettingOptions {
  readonly region?: string[];
  readonly anyRegion?: boolean;
  readonly account?: string[];
  readonly anyAccount?: boolean;
  /** false for none */
  readonly role?: string | false;
}

export const settingsBody = ({ region, anyRegion, account, anyAccount, role }: SettingOptions) => ({
  regions: anyRegion ? [] : region,
  accounts: anyAccount ? [] : account,
  role: role === false ? '' : role,
});
