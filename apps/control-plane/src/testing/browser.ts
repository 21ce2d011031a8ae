/** As much of a browser as a login needs: cookies, and one step at a time. */
export class Browser {
  private readonly cookies = new Map<string, string>();

  /** Each from an address of its own, as a proxy in front would say. */
  private readonly address = `10.${[1, 2, 3].map(() => Math.floor(Math.random() * 250)).join('.')}`;

  constructor(readonly userAgent = 'Mozilla/5.0 (test)') {}

  /** Follows nothing. */
  async go(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const jar = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      ...init,
      headers: { cookie: jar, 'user-agent': this.userAgent, 'x-forwarded-for': this.address, ...init.headers },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  /** Where the answer sends to. */
  static target(response: Response): string {
    return response.headers.get('location') ?? '';
  }

  cookie(name: string): string | undefined {
    return this.cookies.get(name);
  }

  plant(name: string, value: string): void {
    this.cookies.set(name, value);
  }
}
