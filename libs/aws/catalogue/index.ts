export { maxInspectedBytes } from './body.js';
export { type Catalogue, loadCatalogue } from './catalogue.js';
export { type Endpoint, type EndpointQuery, endpointOf, partitionOf } from './endpoints.js';
export { type BodyNeed, identify, needsBody } from './identify.js';
export type { Located, OperationModel, Payload, PayloadKind, ServiceModel } from './model.js';
export { unpresigned } from './presigned.js';
