import { promisesOfWire } from '../testing/model-wire.js';
import { openAiSurface } from './client-side.js';

promisesOfWire({
  surface: openAiSurface,
  seeds: ['/v1/responses', '/chat/completions', '/v1/models?limit=3', '/models/ft:gpt-4o:org::id'],
  routes: /^\/v1\/(?:responses|chat\/completions|models(?:\/[^/?#]+)?)$/,
});
