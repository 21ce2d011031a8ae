/** The client's own name of the conversation, from `metadata.user_id`. */

const longest = 256;
/** As older clients write it: `user_…_account_…_session_…`. */
const joined = /_session_([A-Za-z0-9-]{1,128})$/;

/** @returns undefined where the user id names no session: it then names a person, if anything */
export const conversationIn = (userId: string | undefined): string | undefined => {
  const named = userId?.trimStart().startsWith('{') === true ? sessionIn(userId) : joined.exec(userId ?? '')?.[1];
  return named !== undefined && named !== '' && named.length <= longest ? named : undefined;
};

/** As newer ones do: a JSON object, in a string. */
const sessionIn = (userId: string): string | undefined => {
  try {
    const session = (JSON.parse(userId) as { readonly session_id?: unknown }).session_id;
    return typeof session === 'string' ? session : undefined;
  } catch {
    return undefined;
  }
};
