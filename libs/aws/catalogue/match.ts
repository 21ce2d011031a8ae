/** An operation that a request may be, with what its route took from the path. */
import type { WireProtocol } from '../types.js';
import type { OperationModel, ServiceModel } from './model.js';

export interface Match {
  readonly service: ServiceModel;
  readonly operation: OperationModel;
  readonly protocol: WireProtocol;
  /** Raw values by label, of a REST operation. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The one to name first: in use before deprecated, then the service whose own name the requests are signed under. */
export const inOrder = (matches: readonly Match[]): readonly Match[] =>
  [...matches].sort((a, b) => Number(a.operation.deprecated) - Number(b.operation.deprecated) || own(b) - own(a));

const own = ({ service }: Match): number =>
  Number(service.name === service.signingName) + Number(service.endpointPrefix === service.signingName);
