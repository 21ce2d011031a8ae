export { clientNameOf, idOf, listed } from './claims.js';
export { createModelClientSide } from './client-side.js';
export { eventText } from './event-text.js';
export type { Patience } from './model-call.js';
export { modelOperation } from './model-operation.js';
export { wordsOf } from './refusal-words.js';
export { type Routed, routeOf } from './route.js';
export type { ClientClaims, ClientTurn, ErrorAnswer, ModelSurface, Route } from './surface.js';
export { toolOperation } from './tool-operation.js';
