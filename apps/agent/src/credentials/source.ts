import type { Credential } from '@sallyport/engine';

/** Where a target's credential comes from. Each use asks anew; what is read stays in memory and is never logged. */
export interface CredentialSource {
  /** @param fresh the target has refused the last one: nothing cached may be given again */
  read(options: { readonly fresh: boolean }): Promise<Credential>;
}
