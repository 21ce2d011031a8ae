/** A browser without a window: cookies, redirects inside the issuer, and forms. */
export class Browser {
  readonly #cookies = new Map<string, string>();
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Follows redirects that stay at the issuer. @returns the last answer; its `location` when the redirect leaves */
  async open(
    url: string,
    form?: Readonly<Record<string, string>>,
  ): Promise<{ readonly response: Response; readonly url: string }> {
    let [at, body] = [url, form];
    for (let hops = 0; hops < 20; hops += 1) {
      const response = await this.#send(at, body);
      const location = response.headers.get('location');
      if (!location) return { response, url: at };
      const next = new URL(location, at);
      if (next.origin !== this.#origin) return { response, url: next.href };
      [at, body] = [next.href, undefined];
    }
    throw new Error(`the issuer redirects without end at ${at}`);
  }

  async #send(url: string, form?: Readonly<Record<string, string>>): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { cookie },
      ...(form ? { body: new URLSearchParams(form) } : {}),
      signal: AbortSignal.timeout(10_000),
    });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (name) this.#cookies.set(name, value ?? '');
    }
    return response;
  }
}

/** The first form of a page: where it goes and what it holds. */
export const formOf = (html: string): { action: string; fields: Record<string, string> } | undefined => {
  const action = /<form[^>]*action="([^"]+)"/.exec(html)?.[1];
  if (!action) return undefined;
  const fields: Record<string, string> = {};
  for (const [input] of html.matchAll(/<input[^>]*>/g)) {
    const name = /name="([^"]+)"/.exec(input)?.[1];
    if (name) fields[name] = /value="([^"]*)"/.exec(input)?.[1] ?? '';
  }
  return { action: action.replaceAll('&amp;', '&'), fields };
};

const answersOf = (html: string, person: string): Record<string, string> => {
  if (html.includes('name="login"')) return { login: person };
  return html.includes('op.deviceConfirmForm') ? { confirm: 'yes' } : {};
};

/** Fills in the issuer's forms as this person until there are no more. @returns the address that was reached last */
export const logInAs = async (person: string, start: string, origin: string): Promise<string> => {
  const browser = new Browser(origin);
  let { response, url } = await browser.open(start);
  for (let pages = 0; pages < 6; pages += 1) {
    if (new URL(url).origin !== origin) return url;
    const html = await response.text();
    const mistake = /role="alert">([^<]*)/.exec(html)?.[1];
    if (mistake) throw new Error(`the issuer refused: ${mistake}`);
    const form = formOf(html);
    if (!form) {
      if (response.status >= 400)
        throw new Error(`the issuer refused (${response.status}): ${/<p>([^<]*)/.exec(html)?.[1] ?? ''}`);
      return url;
    }
    ({ response, url } = await browser.open(new URL(form.action, url).href, {
      ...form.fields,
      ...answersOf(html, person),
    }));
  }
  throw new Error('the issuer shows one form after another');
};
