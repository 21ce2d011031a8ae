/** Collects the ARNs of one call, bounded. */
import { arnPart, type Part } from './arn.js';

export const mostResources = 500;

export interface FoundResources {
  readonly arns: readonly string[];
  /** A name did not fit, or the request does not tell what it is about. */
  readonly unresolved: boolean;
  /** There were more: the list ends with `*`, so that it is contained in nothing narrower. */
  readonly cut: boolean;
}

export class Findings {
  private readonly arns = new Set<string>();
  private unresolved = false;
  private cut = false;

  /** An ARN that is made up already. */
  add(arn: string): void {
    if (this.arns.size < mostResources || this.arns.has(arn)) this.arns.add(arn);
    else this.cut = true;
  }

  /** One with a name of the request in it. */
  addPart(part: Part, toArn: (text: string) => string): void {
    if (!part.fits) this.unresolved = true;
    this.add(toArn(part.text));
  }

  /** An ARN as the request gave it. */
  addArn(arn: string): void {
    this.addPart(arnPart(arn), (text) => text);
  }

  markUnresolved(): void {
    this.unresolved = true;
  }

  get size(): number {
    return this.arns.size;
  }

  result(): FoundResources {
    const arns = this.arns.size === 0 ? ['*'] : [...this.arns];
    return { arns: this.cut ? [...arns, '*'] : arns, unresolved: this.unresolved, cut: this.cut };
  }
}
