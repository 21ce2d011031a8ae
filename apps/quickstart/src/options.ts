export interface Ports {
  readonly api: number;
  readonly tunnel: number;
  readonly enrolment: number;
  readonly issuer: number;
  readonly store: number;
  readonly target: number;
  readonly s3: number;
  readonly dynamodb: number;
  readonly restOfAws: number;
  readonly agentHealth: number;
  readonly postgres: number;
  readonly aws: number;
  readonly anthropic: number;
  readonly openai: number;
}

export interface Options {
  /** Ends after the play, with its result as the exit status. */
  readonly once: boolean;
  readonly ports: Ports;
}

export const defaultPortBase = 7400;

export const portsFrom = (base: number): Ports => ({
  api: base,
  tunnel: base + 1,
  enrolment: base + 2,
  issuer: base + 3,
  store: base + 4,
  target: base + 5,
  s3: base + 6,
  dynamodb: base + 7,
  restOfAws: base + 8,
  agentHealth: base + 10,
  postgres: base + 32,
  aws: base + 43,
  anthropic: base + 45,
  openai: base + 46,
});

export const usage = `npm run quickstart [-- --once]

  --once    end after the play: exit status 0 when every step did what it should, else 1

SALLYPORT_QUICKSTART_PORT_BASE=7400 moves all ports: base to base + 10, base + 32 for PostgreSQL, base + 43 for AWS,
base + 45 and base + 46 for the APIs of models
SALLYPORT_QUICKSTART_DIR=.sallyport/quickstart is where its data is kept
`;

/** @throws Error that says what is wrong with the arguments */
export const parseOptions = (args: readonly string[], env: NodeJS.ProcessEnv): Options | 'help' => {
  if (args.includes('--help') || args.includes('-h')) return 'help';
  const unknown = args.find((argument) => argument !== '--once');
  if (unknown !== undefined) throw new Error(`"${unknown}" is not an option`);
  const text = env['SALLYPORT_QUICKSTART_PORT_BASE'] || String(defaultPortBase);
  const base = Number(text);
  if (!/^\d+$/.test(text) || base < 1024 || base + 46 > 65_535)
    throw new Error(`SALLYPORT_QUICKSTART_PORT_BASE must be a number from 1024 to 65489, not "${text}"`);
  return { once: args.includes('--once'), ports: portsFrom(base) };
};
