/** `missing` is what keeps something from working, `warning` what works but not as well as it could, or leads past the gateway. */
export type State = 'ok' | 'warning' | 'missing';

export interface Finding {
  readonly check: string;
  readonly state: State;
  readonly says: string;
  /** The command, or the deed, that mends it. */
  readonly mend?: string;
}

export const ok = (check: string, says: string): Finding => ({ check, state: 'ok', says });
export const missing = (check: string, says: string, mend: string): Finding => ({
  check,
  state: 'missing',
  says,
  mend,
});
const unusedText = 'it does not use the gateway';
/** A client that is there, and was never set up. */
export const unused = (check: string, mend: string): Finding => missing(check, unusedText, mend);
export const isUnused = ({ state, says }: Finding): boolean => state === 'missing' && says === unusedText;

export const warning = (check: string, says: string, mend: string): Finding => ({
  check,
  state: 'warning',
  says,
  mend,
});

/** What a check found, or that it broke: one that does not hold the others up. */
export const attempt = async (
  check: string,
  mend: string,
  work: () => Promise<Finding | readonly Finding[]>,
): Promise<readonly Finding[]> => {
  try {
    return [await work()].flat();
  } catch (error) {
    return [missing(check, error instanceof Error ? error.message : String(error), mend)];
  }
};
