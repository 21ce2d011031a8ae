import type { TargetSide } from '@sallyport/engine';
import { createModelTargetSide } from '@sallyport/model-gateway';
import { modelApis } from '@sallyport/models';

const home = { endpoint: 'https://api.openai.com', auth: 'bearer' } as const;

export const createOpenAiTargetSide = (): TargetSide =>
  createModelTargetSide({
    name: 'openai',
    home,
    apis: [...modelApis.values()].filter(({ name }) => name.startsWith('openai.')),
  });
