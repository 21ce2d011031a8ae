/** What a target of this kind may say in the agent's file: the same for every API of a model. */
export { modelSettingNames as openaiSettingNames } from '@sallyport/model-gateway';
