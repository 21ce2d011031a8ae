import type { Person } from './people.js';

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character]!);

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:12vh auto;padding:0 1rem;color:#1d2330;background:#f6f7f9}
h1{font-size:1.3rem}input,button{font:inherit;padding:.5rem .7rem;border:1px solid #b9c0cc;border-radius:6px;background:#fff}
button{background:#23395d;color:#fff;border-color:#23395d;cursor:pointer}code{font-size:1.2em;letter-spacing:.08em}small{color:#5a6473}`;

/** @param body HTML that is already escaped */
export const page = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
  `<title>${escapeHtml(title)}</title><style>${style}</style></head><body><h1>${escapeHtml(title)}</h1>${body}` +
  `<p><small>A development issuer: there are no passwords. Never use it for anything real.</small></p></body></html>`;

export const loginPage = (people: Readonly<Record<string, Person>>, action: string, mistake = ''): string =>
  page(
    'Who are you?',
    `${mistake ? `<p role="alert">${escapeHtml(mistake)}</p>` : ''}<form method="post" action="${escapeHtml(action)}">` +
      `<p><label>Name <input name="login" autofocus required autocomplete="off"></label> <button>Log in</button></p></form>` +
      `<p>${Object.entries(people)
        .map(
          ([login, { groups }]) =>
            `${escapeHtml(login)} <small>(${escapeHtml(groups.join(', ') || 'no group')})</small>`,
        )
        .join(', ')}</p>`,
  );

/** @param form the provider's own, with its token against forgery */
export const deviceCodePage = (form: string, mistake = ''): string =>
  page(
    'Log in on a device',
    `${mistake ? `<p role="alert">${escapeHtml(mistake)}</p>` : ''}<p>Type the code that your terminal shows.</p>${form}
<p><button type="submit" form="op.deviceInputForm">Continue</button></p>`,
  );

export const deviceConfirmPage = (form: string, code: string): string =>
  page(
    'Is this your terminal?',
    `<p>It must show this code: <code>${escapeHtml(code)}</code></p>${form}
<p><button autofocus type="submit" form="op.deviceConfirmForm">Yes, log it in</button>
<button type="submit" form="op.deviceConfirmForm" name="abort" value="yes">No</button></p>`,
  );

export const deviceDonePage = (): string =>
  page('Logged in', '<p>Go back to your terminal. You can close this window.</p>');
