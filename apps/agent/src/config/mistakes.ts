/** Reads a parsed YAML document and notes every mistake with its place, so that all of them are shown at once. */
export class Section {
  private readonly fields: Readonly<Record<string, unknown>>;
  private readonly known = new Set<string>();

  constructor(
    private readonly place: string,
    value: unknown,
    private readonly mistakes: string[],
  ) {
    this.fields = isRecord(value) ? value : {};
    if (!isRecord(value)) this.mistake('', value === undefined ? 'is missing' : 'must be a section with fields');
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.missing(name);
  }

  optionalText(name: string): string | undefined {
    const value = this.take(name);
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string' && value.trim() !== '') return value;
    this.mistake(name, 'must be a text that is not empty');
    return '';
  }

  port(name: string, otherwise: number): number {
    const value = this.take(name) ?? otherwise;
    if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536) return value;
    this.mistake(name, 'must be a port, 1 to 65535');
    return otherwise;
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[], otherwise?: Choice): Choice {
    const value = this.take(name) ?? otherwise;
    const choice = choices.find((each) => each === value);
    if (choice === undefined) this.mistake(name, `must be one of ${choices.join(', ')}`);
    return choice ?? choices[0]!;
  }

  texts(name: string): string[] {
    const value = this.take(name) ?? [];
    if (Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== ''))
      return value as string[];
    this.mistake(name, 'must be a list of texts');
    return [];
  }

  section(name: string): Section {
    return new Section(this.placeOf(name), this.take(name), this.mistakes);
  }

  sections(name: string): Section[] {
    const value = this.take(name);
    if (Array.isArray(value) && value.length > 0)
      return value.map((each, index) => new Section(`${this.placeOf(name)}[${index}]`, each, this.mistakes));
    this.mistake(name, 'must be a list with at least one entry');
    return [];
  }

  has(name: string): boolean {
    return this.fields[name] !== undefined && this.fields[name] !== null;
  }

  /** As it is, to be checked by whoever knows it. */
  raw(name: string): unknown {
    return this.take(name);
  }

  mistake(name: string, what: string): void {
    this.mistakes.push(`${this.placeOf(name)} ${what}`);
  }

  /** Notes every field that nobody asked for: most often a misspelt one. */
  end(): void {
    for (const name of Object.keys(this.fields)) if (!this.known.has(name)) this.mistake(name, 'is not known here');
  }

  private take(name: string): unknown {
    this.known.add(name);
    return this.fields[name];
  }

  private missing(name: string): string {
    if (!this.has(name)) this.mistake(name, 'is missing');
    return '';
  }

  private placeOf(name: string): string {
    return [this.place, name].filter((part) => part !== '').join('.') || 'the file';
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
