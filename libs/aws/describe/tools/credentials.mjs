// Which output members hand out something that works without the gateway, or tell a secret.

/** What the holder can use elsewhere: keys, tokens, links that are signed. */
const credential =
  /(secretaccesskey|^sessiontoken|authorizationtoken|presigned|signed\w*ur[li]s?$|^streamurl$|^tokenvalue$|authtoken$|accesstoken$|refreshtoken$|idtoken$|openidtoken|bearertoken|connectiontoken|authorizedurl|embedurl|dbpassword$|privatekey(base64)?$|privatekeyplaintext|keymaterial$|servicepassword|servicecredentialsecret|base32stringseed|workloadaccesstoken|secretkey$|oauthtoken|authcode$|^logintoken)/i;

/** What may be secret: passwords, secrets, keys for an API. */
const secret =
  /(password(data)?$|clientsecret$|^secret(string|binary|value)?$|sharedsecret$|securitytoken$|^apikey$|plaintext$|passphrase$|^token$|^credentials$|downloadurl$|uploadurl$|authorizationurl$|authurl$|userdata$|accesskey$)/i;

/** Tokens of paging; and a password to come, which RDS shows as asterisks. */
const neither = /^((next|continuation|pagination|page|client|idempotency|synchronization|syncsession)_?token|masteruserpassword)$/i;

/** @returns 2 for a credential, 1 for what may be a secret */
export const credentialKindOf = (names) => {
  const asked = names.filter((name) => !neither.test(name));
  if (asked.some((name) => credential.test(name))) return 2;
  return asked.some((name) => secret.test(name)) ? 1 : undefined;
};
