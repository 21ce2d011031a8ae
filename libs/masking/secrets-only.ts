import { compileMasking, type Masker } from './masker.js';
import { secretsRule } from './secrets-rule.js';

/** Redacts secrets and nothing else: for what is stored, where personal data is evidence and a credential never is. */
export const secretsOnly: Masker = compileMasking([secretsRule], { key: new Uint8Array(0) });

/** The text holds a secret that a detector knows. */
export const isSecret = (text: string): boolean => secretsOnly.scanText(text) !== undefined;

/** @returns the literal with its secrets redacted, or undefined where it holds none */
export const hideSecrets = (literal: string): string | undefined => secretsOnly.scanText(literal)?.text;
