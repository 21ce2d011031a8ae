import { promisesOfWire } from '../testing/model-wire.js';
import { anthropicSurface } from './client-side.js';

promisesOfWire({
  surface: anthropicSurface,
  seeds: ['/v1/messages?beta=true', '/v1/messages/count_tokens', '/v1/models', '/v1/models/claude-opus-4-5'],
  routes: /^\/v1\/(?:messages(?:\/count_tokens)?|models(?:\/[^/?#]+)?)$/,
});
