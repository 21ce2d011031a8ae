/** Reads the fields of a target's settings and notes every mistake with its place, so that all are shown at once. */
export class SettingFields {
  readonly #place: string;
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #mistakes: string[];

  constructor(place: string, fields: Readonly<Record<string, unknown>>, mistakes: string[]) {
    this.#place = place;
    this.#fields = fields;
    this.#mistakes = mistakes;
  }

  only(known: ReadonlySet<string>): void {
    for (const name of Object.keys(this.#fields))
      if (!known.has(name) && this.raw(name) !== undefined) this.mistake(name, 'is not known here');
  }

  raw(name: string): unknown {
    return this.#fields[name] ?? undefined;
  }

  text(name: string, shape?: RegExp, what = 'a text'): string | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value !== '' && (shape === undefined || shape.test(value))) return value;
    this.mistake(name, `must be ${what}, not ${quoted(value)}`);
    return undefined;
  }

  texts(name: string, shape: RegExp, what: string): readonly string[] {
    const value = this.raw(name) ?? [];
    if (!Array.isArray(value)) {
      this.mistake(name, `must be a list of ${what}`);
      return [];
    }
    const wrong: readonly unknown[] = value.filter((item) => typeof item !== 'string' || !shape.test(item));
    for (const item of wrong) this.mistake(name, `must list ${what}, not ${quoted(item)}`);
    return value.filter((item): item is string => !wrong.includes(item));
  }

  flag(name: string): boolean {
    const value = this.raw(name) ?? false;
    if (typeof value !== 'boolean') this.mistake(name, 'must be true or false');
    return value === true;
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[], otherwise: Choice): Choice {
    const value = this.raw(name) ?? otherwise;
    const choice = choices.find((each) => each === value);
    if (choice === undefined) this.mistake(name, `must be one of ${choices.join(', ')}`);
    return choice ?? otherwise;
  }

  number(name: string, bounds: { otherwise: number; least: number; most: number }): number {
    const value = this.raw(name) ?? bounds.otherwise;
    if (Number.isInteger(value) && (value as number) >= bounds.least && (value as number) <= bounds.most)
      return value as number;
    this.mistake(name, `must be a whole number, ${bounds.least} to ${bounds.most}`);
    return bounds.otherwise;
  }

  section(name: string): SettingFields | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return new SettingFields(this.#placeOf(name), value as Record<string, unknown>, this.#mistakes);
    this.mistake(name, 'must be a section with fields');
    return undefined;
  }

  get names(): readonly string[] {
    return Object.keys(this.#fields);
  }

  mistake(name: string, what: string): void {
    this.#mistakes.push(`"${this.#placeOf(name)}" ${what}`);
  }

  #placeOf(name: string): string {
    return this.#place === '' ? name : `${this.#place}.${name}`;
  }
}

const quoted = (value: unknown): string => (JSON.stringify(value) ?? typeof value).slice(0, 80);
