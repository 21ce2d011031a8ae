/** What a read has answered, masked like every answer, and how a preview looks into it. */
import { parseXml, type XmlElement } from '@sallyport/aws';
import type { ResponseHead } from '@sallyport/http';

export class Answer {
  readonly #json: unknown;
  readonly #xml: XmlElement | undefined;

  constructor(
    readonly head: ResponseHead,
    readonly body: Buffer,
  ) {
    const type = this.header('content-type') ?? '';
    if (/json/i.test(type)) this.#json = parsed(body);
    else if (/xml/i.test(type) && body.length > 0) this.#xml = parseXml(body);
  }

  get ok(): boolean {
    return this.head.status < 300;
  }

  header(name: string): string | undefined {
    return this.head.headers.find(([other]) => other === name)?.[1];
  }

  /** Of a JSON answer: `Table.ItemCount`. */
  at(path: string): unknown {
    return path.split('.').reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), this.#json);
  }

  /** The same as text; undefined where there is none. */
  text(path: string): string | undefined {
    const value = this.at(path);
    return typeof value === 'string'
      ? value
      : typeof value === 'number' || typeof value === 'boolean'
        ? String(value)
        : undefined;
  }

  /** Of an XML answer: the elements of this name, wherever they are, in order. */
  all(name: string): XmlElement[] {
    return this.#xml === undefined ? [] : below(this.#xml, name);
  }

  /** The text of the first such element. */
  first(name: string): string | undefined {
    return this.all(name)[0]?.text;
  }

  /** The code of an error, as the service says it. */
  get errorCode(): string | undefined {
    const json = this.text('__type') ?? this.text('code') ?? this.header('x-amzn-errortype');
    return (json ?? this.first('Code'))?.replace(/^.*#/, '').replace(/:.*$/, '');
  }
}

export const below = (element: XmlElement, name: string): XmlElement[] => [
  ...(element.name === name ? [element] : []),
  ...element.children.flatMap((child) => below(child, name)),
];

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
