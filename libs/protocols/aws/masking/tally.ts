import type { MaskingResult } from './types.js';

/** What has been hidden so far. */
export class Tally implements MaskingResult {
  maskedFields = 0;
  private readonly rules = new Set<string>();

  add(rules: readonly string[], hidden = 1): void {
    this.maskedFields += hidden;
    for (const rule of rules) this.rules.add(rule);
  }

  get maskedBy(): readonly string[] {
    return [...this.rules].sort();
  }
}
