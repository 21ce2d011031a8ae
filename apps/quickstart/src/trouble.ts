/** Something that a person can put right: shown as two lines, without a stack. */
export class Trouble extends Error {
  readonly hint: string;

  constructor(message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Trouble';
    this.hint = hint;
  }
}

export const otherPorts =
  'stop what listens there (ss -ltnp names it), or take other ports: SALLYPORT_QUICKSTART_PORT_BASE=17400 npm run quickstart';

const noSpace = /ENOSPC|EDQUOT|No space left|disk is full/i;

/** What to tell a person of anything that was thrown. */
export const told = (error: unknown): { readonly message: string; readonly hint: string } => {
  const message = error instanceof Error ? error.message : String(error);
  if (noSpace.test(message))
    return { message: 'the disk is full', hint: 'free about 500 MB and start again: what is there already is kept' };
  if (error instanceof Error && 'code' in error && error.code === 'PORT_IN_USE') return { message, hint: otherPorts };
  if (error instanceof Error && 'hint' in error && typeof error.hint === 'string') return { message, hint: error.hint };
  return {
    message,
    hint: 'the logs are under .sallyport/quickstart/logs; to start over, remove .sallyport/quickstart',
  };
};
