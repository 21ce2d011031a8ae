import type { TargetSide } from '@sallyport/engine';
import { createModelTargetSide } from '@sallyport/model-gateway';
import { modelApis } from '@sallyport/models';

const home = { endpoint: 'https://api.anthropic.com', auth: 'x-api-key' } as const;

export const createAnthropicTargetSide = (): TargetSide =>
  createModelTargetSide({
    name: 'anthropic',
    home,
    apis: [...modelApis.values()].filter(({ name }) => name.startsWith('anthropic.')),
  });
