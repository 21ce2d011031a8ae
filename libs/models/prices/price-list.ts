import { namesOf } from './model-names.js';
import type { ModelPrice, Tariff } from './price.js';

/** Which price is a model's: that of the longest pattern that fits one of its names. */
export class PriceList {
  readonly #tariffs = new Map<string, ModelPrice[]>();

  /** @param lists a later one's prices of a pattern replace an earlier one's, all of them */
  constructor(...lists: readonly (readonly ModelPrice[])[]) {
    for (const list of lists) for (const [pattern, tariff] of byPattern(list)) this.#tariffs.set(pattern, tariff);
  }

  /** In the order of the patterns. */
  get prices(): readonly ModelPrice[] {
    return [...this.#tariffs.keys()].sort().flatMap((pattern) => this.#tariffs.get(pattern)!);
  }

  /** @param model as a request or an answer names it; undefined where no price is known */
  tariffOf(model: string): Tariff | undefined {
    const fitting = namesOf(model).map((name) => this.#longest(name));
    return fitting.reduce((best, one) => (lengthOf(one) > lengthOf(best) ? one : best), undefined);
  }

  #longest(name: string): Tariff | undefined {
    const exact = this.#tariffs.get(name);
    if (exact !== undefined) return exact;
    for (let length = name.length; length >= 0; length -= 1) {
      const tariff = this.#tariffs.get(`${name.slice(0, length)}*`);
      if (tariff !== undefined) return tariff;
    }
    return undefined;
  }
}

const lengthOf = (tariff: Tariff | undefined): number => tariff?.[0]?.pattern.length ?? 0;

const byPattern = (list: readonly ModelPrice[]): Map<string, ModelPrice[]> => {
  const tariffs = new Map<string, ModelPrice[]>();
  for (const price of list) tariffs.set(price.pattern, [...(tariffs.get(price.pattern) ?? []), price]);
  for (const tariff of tariffs.values()) tariff.sort((a, b) => b.over - a.over);
  return tariffs;
};
