/** Telling models that share a signing name apart by the endpoint that a client used. */
import type { ServiceModel } from './model.js';

/** `Elastic Load Balancing v2`, `elastic_load_balancing_v2` and `ElasticLoadBalancing-v2` are one name. */
const folded = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/**
 * The services that an endpoint of this name is for: by botocore's name, by the service id, else by the prefix of AWS's
 * own host names. All of them where none fits: the hint chooses between models, it never refuses. Nothing is trusted to
 * it, since the gateway sends the request to the host of whichever service it finds.
 */
export const hinted = (services: readonly ServiceModel[], hint: string | undefined): readonly ServiceModel[] => {
  if (hint === undefined || services.length === 1) return services;
  const wanted = folded(hint);
  for (const nameOf of [byName, byId, byPrefix]) {
    const found = services.filter((service) => folded(nameOf(service)) === wanted);
    if (found.length > 0) return found;
  }
  return services;
};

const byName = ({ name }: ServiceModel): string => name;
const byId = ({ serviceId }: ServiceModel): string => serviceId;
const byPrefix = ({ endpointPrefix }: ServiceModel): string => endpointPrefix;
