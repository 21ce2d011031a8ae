import { digestOf, utf8 } from './bytes.js';
import type { OperationDecided, PolicyActivated } from './event-bodies.js';
import type { Findings } from './report.js';

/** Policy versions: each decision's was active before it, and its text is in the bundle. */
export class PolicyCheck {
  readonly #findings: Findings;
  readonly #texts = new Map<number, string>();
  readonly #active = new Map<number, string>();
  readonly #used = new Set<number>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  text(version: number, text: string): void {
    this.#findings.counts.policies += 1;
    if (this.#texts.has(version)) this.#findings.add('policy.repeated', `policy version ${version} comes twice`);
    this.#texts.set(version, digestOf(utf8(text)));
  }

  activated({ version, digest }: PolicyActivated): void {
    if (this.#active.has(version) && this.#active.get(version) !== digest)
      this.#findings.add('policy.changed', `policy version ${version} is another one when it is activated again`);
    this.#active.set(version, digest);
  }

  /** Version 0 stands for "no policy was loaded", which can only deny. */
  decided({ policyVersion }: OperationDecided, denied: boolean): void {
    if (policyVersion === 0 && denied) return;
    this.#used.add(policyVersion);
    if (!this.#active.has(policyVersion))
      this.#findings.add(
        'policy.not-active',
        `a decision rests on policy version ${policyVersion}, which was not activated before it`,
      );
  }

  /** @param whole whether every activated version must be there, not only those that decided something */
  finish(whole: boolean): void {
    const needed = whole ? new Set([...this.#used, ...this.#active.keys()]) : this.#used;
    for (const version of needed)
      if (!this.#texts.has(version))
        this.#findings.add('policy.missing', `policy version ${version} is not in the bundle`);
    for (const [version, digest] of this.#texts) {
      if (this.#active.get(version) !== digest)
        this.#findings.add('policy.unknown', `policy version ${version} is not the one that was activated`);
    }
  }
}
