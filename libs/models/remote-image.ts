/**
 * Images that a text makes its reader fetch. What the address carries has then left: a known way to carry secrets out.
 * Such a text is flagged and not changed, because an answer with a picture in it is mostly just that, and a reader who
 * fetches nothing from elsewhere is the cure.
 */

const markdown = /!\[[^\]]{0,512}\]\(\s{0,8}<?(https?:\/\/[^\s)>]{1,4096})/gi;
const markup = /<img\b[^>]{0,512}?\bsrc\s{0,8}=\s{0,8}["']?(https?:\/\/[^\s"'>]{1,4096})/gi;
/** A query, or a piece of path or host that is longer than a name. */
const carries = /[?#]|[^/]{40}/;

export const hasRemoteImage = (text: string): boolean =>
  [markdown, markup].some((form) => [...text.matchAll(form)].some(([, address]) => carries.test(address!.slice(8))));
