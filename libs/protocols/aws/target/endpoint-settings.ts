/** Where calls go instead of to AWS: emulators, private endpoints. The client never has a say in it. */
import { type Endpoint, type SettingFields as Fields, isNear, parseEndpoint } from '@sallyport/http';

const serviceShape = /^[a-z0-9][a-z0-9-]{0,62}$/;

export function parseEndpoints(
  fields: Fields,
  { plainAnywhere }: { readonly plainAnywhere: boolean },
): ReadonlyMap<string, Endpoint> {
  const endpoints = new Map<string, Endpoint>();
  const section = fields.section('endpoints');
  for (const service of section?.names ?? []) {
    const text = section!.text(service);
    const parsed = text === undefined ? undefined : parseEndpoint(text);
    if (!serviceShape.test(service)) section!.mistake(service, 'is no name of a service');
    else if (typeof parsed === 'string') section!.mistake(service, parsed);
    else if (parsed !== undefined && !parsed.tls && !plainAnywhere && !isNear(parsed.host))
      section!.mistake(
        service,
        'must be https: plain http only to a private address, unless "allow_plain_http" is true',
      );
    else if (parsed !== undefined) endpoints.set(service, parsed);
  }
  return endpoints;
}
